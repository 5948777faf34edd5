//! `prosopa models`: makes a model pack from the pinned packages, checks one, measures what its distances are worth.

mod calibrate;
mod evaluate;
mod labelled;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use prosopa_engine::pack::{self, BuildInputs, Pack};

use super::{Failure, say};
use crate::output::Output;

pub(super) const EXAMPLES: &str = "Examples:
  prosopa models build --face-api face-api.tgz --facenet facenet.whl --rapidocr rapidocr.whl --out models/default
  prosopa models verify models/default
  prosopa models evaluate pairs.csv --det det.svg
  prosopa models calibrate --pairs pairs.csv --pack models/default";

const BUILD_EXAMPLES: &str = "Example:
  prosopa models build --face-api vladmandic-face-api-1.7.15.tgz \\
    --facenet facenet_pytorch-2.6.0-py3-none-any.whl \\
    --rapidocr rapidocr_onnxruntime-1.4.4-py3-none-any.whl --out models/default";

const VERIFY_EXAMPLES: &str = "Example:
  prosopa models verify models/default";

/// What to do with a model pack.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Convert the networks of three published packages into a pack.
    #[command(after_help = BUILD_EXAMPLES)]
    Build(Build),
    /// Check every digest of a pack and print the pack's own.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Measure error rates on labelled pairs: EER, recognised pairs at false match rates, DET plot.
    #[command(after_help = evaluate::EXAMPLES)]
    Evaluate(evaluate::Evaluate),
    /// Make the table of what distances mean, from labelled pairs.
    #[command(after_help = calibrate::EXAMPLES)]
    Calibrate(calibrate::Calibrate),
}

/// Arguments of `models build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The npm package @vladmandic/face-api, as `npm pack` saves it.
    #[arg(long, value_name = "FILE")]
    face_api: PathBuf,
    /// The wheel of facenet-pytorch, as `pip download` saves it.
    #[arg(long, value_name = "FILE")]
    facenet: PathBuf,
    /// The wheel of rapidocr-onnxruntime, as `pip download` saves it.
    #[arg(long, value_name = "FILE")]
    rapidocr: PathBuf,
    /// Folder to make; one that exists is replaced only when the new pack is complete.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Take packages whose digests are not the pinned ones.
    #[arg(long)]
    allow_other_digests: bool,
}

/// Arguments of `models verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Folder of the pack.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(command: ModelsCommand, output: Output) -> Result<(), Failure> {
    match command {
        ModelsCommand::Build(arguments) => build(arguments),
        ModelsCommand::Verify(arguments) => verify(&arguments.folder),
        ModelsCommand::Evaluate(arguments) => evaluate::run(&arguments, output),
        ModelsCommand::Calibrate(arguments) => calibrate::run(&arguments, output),
    }
}

fn build(arguments: Build) -> Result<(), Failure> {
    let inputs = BuildInputs {
        face_api_archive: arguments.face_api,
        facenet_archive: arguments.facenet,
        rapidocr_archive: arguments.rapidocr,
        out_dir: arguments.out.clone(),
        allow_other_archives: arguments.allow_other_digests,
    };
    pack::build(&inputs)?;
    verify(&arguments.out)
}

fn verify(folder: &Path) -> Result<(), Failure> {
    let pack = Pack::open(folder)?;
    let manifest = pack.manifest();
    say(&format!("{} {} sha256:{}", manifest.name, manifest.version, pack.digest()))
}
