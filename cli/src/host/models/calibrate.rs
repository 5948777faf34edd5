//! `prosopa models calibrate`: a table of what distances mean, into a pack or onto stdout.

use std::path::PathBuf;

use clap::Args;

use prosopa_engine::{
    evaluation::calibrate,
    pack::{Calibration, Pack, Point, set_calibration},
};

use super::{
    super::{Failure, settings::default_model_pack},
    labelled,
};
use crate::output::{Output, facts, table};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa models calibrate --pairs pairs.csv
  prosopa models calibrate --pairs faces/ --pack models/default
  prosopa models calibrate --pairs pairs.csv -o json > calibration.json

PAIRS is what `prosopa models evaluate` takes. With --pack the table becomes part of the pack's manifest, so that the pack's
digest changes; start the product anew for it to be used. At least 30 pairs of each kind are needed.";

/// Arguments of `models calibrate`.
#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// A file of pairs, or a folder of faces.
    #[arg(long, value_name = "FOLDER|PAIRS")]
    pairs: PathBuf,
    /// Pack whose manifest gets the table, and whose networks embed the faces of a folder; else the table is printed
    /// only, and a folder is embedded by the pack in models/default, or what `PROSOPA_MODEL_PACK` names.
    #[arg(long, value_name = "DIR")]
    pack: Option<PathBuf>,
}

pub(super) fn run(arguments: &Calibrate, output: Output) -> Result<(), Failure> {
    let embedder = arguments.pack.clone().unwrap_or_else(default_model_pack);
    let calibration = calibrate(&labelled::load(&arguments.pairs, &embedder)?)?;
    let mut written = None;
    if let Some(pack) = &arguments.pack {
        set_calibration(pack, calibration.clone())?;
        written = Some(format!("{} sha256:{}", pack.display(), Pack::open(pack)?.digest()));
    }
    Ok(output.document(&calibration, |calibration| text_of(calibration, written))?)
}

fn text_of(calibration: &Calibration, written: Option<String>) -> String {
    let header = ["DISTANCE", "MATCH PROBABILITY", "95 %", "FALSE MATCH RATE", "95 %"];
    let row = |point: &Point| {
        let band = |low: f64, high: f64| format!("{low:.4} to {high:.4}");
        vec![
            format!("{:.3}", point.distance),
            format!("{:.4}", point.match_probability),
            band(point.match_probability_low, point.match_probability_high),
            format!("{:.4}", point.false_match_rate),
            band(point.false_match_rate_low, point.false_match_rate_high),
        ]
    };
    let people = match calibration.people {
        0 => "not known".to_owned(),
        people => people.to_string(),
    };
    let mut lines = vec![
        (
            "Pairs",
            format!("{} of one person, {} of two", calibration.genuine_pairs, calibration.impostor_pairs),
        ),
        ("Persons", people),
        (
            "Probability trusted",
            format!("{:.4} to {:.4}", calibration.trusted_distance_min, calibration.trusted_distance_max),
        ),
        ("Rate trusted from", format!("{:.4}", calibration.fmr_distance_min)),
        ("Least rate", format!("{:.4}", calibration.to_message().fmr_min())),
    ];
    lines.extend(written.map(|pack| ("Pack", pack)));
    format!("{}\n\n{}", table(&header, &[0, 1, 3], calibration.points.iter().map(row)), facts(&lines))
}
