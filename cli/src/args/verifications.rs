//! The commands about verifications, and what each takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::client::typed_id;
use super::examples;
use super::list::ListArgs;

/// What `verify` takes.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A picture of the document's front, - for stdin, the id of one that is kept, or the id of a document that was read
    #[arg(value_name = "DOCUMENT")]
    pub(crate) document: PathBuf,
    /// A picture of who says to be its holder, or its id
    #[arg(value_name = "SELFIE")]
    pub(crate) selfie: PathBuf,
    /// A picture of the document's back, or its id
    #[arg(long, value_name = "FILE")]
    pub(crate) back: Option<PathBuf>,
    /// The share of false matches that you accept, above 0 and up to 0.5 (the least that the server can keep)
    #[arg(long, value_name = "RATE")]
    pub(crate) max_fmr: Option<f64>,
}

/// Commands about verifications that were made.
#[derive(Debug, Subcommand)]
pub(crate) enum VerificationsCommand {
    /// List verifications, newest first
    #[command(visible_alias = "ls", after_help = examples::VERIFICATIONS_LIST)]
    List(ListArgs),
    /// Show one verification with its parts
    #[command(after_help = examples::VERIFICATIONS_SHOW)]
    Show(VerificationsShow),
    /// Delete verifications for good
    #[command(visible_alias = "rm", after_help = examples::VERIFICATIONS_DELETE)]
    Delete(VerificationsDelete),
}

/// What `verifications show` takes.
#[derive(Debug, Args)]
pub(crate) struct VerificationsShow {
    /// Id of the verification, as `verify` and `verifications list` show it
    #[arg(value_name = "ID", value_parser = verification_id)]
    pub(crate) id: String,
}

/// What `verifications delete` takes.
#[derive(Debug, Args)]
pub(crate) struct VerificationsDelete {
    /// Ids of the verifications
    #[arg(required = true, value_name = "ID", value_parser = verification_id)]
    pub(crate) ids: Vec<String>,
}

fn verification_id(text: &str) -> Result<String, String> {
    typed_id(text, "ver_")
}
