//! `prosopa models evaluate`: error rates on labelled pairs.

use std::{fs, path::PathBuf};

use clap::Args;

use prosopa_engine::evaluation::{Interval, Summary, det_plot, summarize};

use super::{
    super::{Failure, settings::default_model_pack},
    labelled,
};
use crate::output::{Output, table};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa models evaluate pairs.csv
  prosopa models evaluate faces/ --pack models/default --det det.svg -o json

PAIRS is a file of comma-separated values with a header: `same` (0 or 1) and `distance`, and, if they are known,
`picture_a`, `picture_b` and `condition`. FOLDER holds a folder for each person with that person's pictures (2,000 at most):
the largest face of each is compared with every other.

Intervals are of 95 %: the wider of Wilson's and of what drawing the persons anew 1,000 times gives; where persons are not
known, pairs are drawn. Nothing is claimed of false match rates below one pair of two persons.";

/// Arguments of `models evaluate`.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// A folder of faces, or a file of pairs.
    #[arg(value_name = "FOLDER|PAIRS")]
    source: PathBuf,
    /// Pack whose networks embed the faces of a folder [default: models/default, or what `PROSOPA_MODEL_PACK` names].
    #[arg(long, value_name = "DIR")]
    pack: Option<PathBuf>,
    /// Also draw the detection error trade-off into this file (SVG).
    #[arg(long, value_name = "FILE")]
    det: Option<PathBuf>,
}

pub(super) fn run(arguments: &Evaluate, output: Output) -> Result<(), Failure> {
    let pack = arguments.pack.clone().unwrap_or_else(default_model_pack);
    let pairs = labelled::load(&arguments.source, &pack)?;
    let summaries = summarize(&pairs);
    if let Some(path) = &arguments.det {
        fs::write(path, det_plot(&pairs)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(output.list(&summaries, text_of)?)
}

fn text_of(summaries: &[Summary]) -> String {
    let targets = summaries.first().map(|summary| summary.tpr_at_fmr.as_slice()).unwrap_or_default();
    let mut header = vec!["PAIRS".to_owned(), "SAME".into(), "OTHER".into(), "EER".into()];
    header.extend(targets.iter().map(|target| format!("TPR AT FMR {:e}", target.fmr)));
    let row = |summary: &Summary| {
        let mut row = vec![
            summary.condition.clone().unwrap_or_else(|| "all".to_owned()),
            summary.genuine_pairs.to_string(),
            summary.impostor_pairs.to_string(),
            percent(summary.eer),
        ];
        row.extend(
            summary.tpr_at_fmr.iter().map(|target| target.tpr.map_or_else(|| "-".to_owned(), percent)),
        );
        row
    };
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut text = table(&header, &[1, 2], summaries.iter().map(row));
    if let Some(all) = summaries.first() {
        let people = match all.people {
            0 => "persons are not known, so pairs count as independent".to_owned(),
            people => format!("{people} persons"),
        };
        text.push_str(&format!(
            "\n95 % intervals; {people}; nothing is claimed of false match rates below {:.1e} (one pair of two persons)",
            all.fmr_claimable_min
        ));
    }
    text
}

fn percent(interval: Interval) -> String {
    let of = |value: f64| format!("{:.2}", 100.0 * value);
    format!("{} % ({} to {})", of(interval.value), of(interval.low), of(interval.high))
}
