//! `prosopa match`: says whether two pictures, or one and several others, show one person.

use std::path::PathBuf;

use crate::args::{Format, MatchArgs};
use crate::client::MatchOptions;
use crate::client::types::{Match, MatchResult};
use crate::commands::inputs::Opener;
use crate::context::Context;
use crate::exit::{Failure, outcome_of_judgements};
use crate::output::{facts, table, time};
use crate::progress::Progress;

/// Compares, prints, and ends with 0 only if every comparison is a match.
pub(super) async fn run(ctx: &Context, args: MatchArgs) -> Result<(), Failure> {
    let mut opener = Opener::default();
    let image_a = opener.open(&args.image_a).await?;
    let mut images_b = Vec::with_capacity(args.images_b.len());
    for picture in &args.images_b {
        images_b.push(opener.open(picture).await?);
    }
    let options = MatchOptions { max_fmr: args.max_fmr, is_single: args.single };
    let mut progress = Progress::new(ctx.progress, ctx.is_quiet, 1, ctx.reporter.clone());
    let outcome = ctx.client.compare(&image_a, &images_b, &options).await;
    let told = outcome.as_ref().map(|made| made.results.len() as u64 + 1).map_err(|error| error.code());
    progress.advance(&args.image_a.display().to_string(), told);
    drop(progress);
    let made = outcome?;
    if ctx.output.format() == Format::Ndjson {
        ctx.output.row(&made)?;
    } else {
        ctx.output.document(&made, |made| text_of(made, &args.images_b))?;
    }
    outcome_of_judgements(made.results.iter().map(|result| result.decision.as_str()))
}

fn text_of(made: &Match, names: &[PathBuf]) -> String {
    let row = |(index, result): (usize, &MatchResult)| {
        let name = names.get(index).map(|path| path.display().to_string()).unwrap_or_default();
        vec![
            name,
            result.decision.replace('_', " "),
            format!("{:.1}", result.score),
            format!("{:.4}", result.distance),
            format!("{:.2} %", 100.0 * result.fmr_at_score_max),
            result.image_b.faces_found.to_string(),
        ]
    };
    let header = ["Picture", "Decision", "Score", "Distance", "False matches at most", "Faces"];
    let lines = [
        ("Match", made.id.clone()),
        ("Time", time(&made.created_at)),
        ("Compared with", format!("{} ({} faces)", made.image_a.id, made.image_a.faces_found)),
        ("Accepted false matches", format!("{:.2} %", 100.0 * made.max_fmr)),
    ];
    format!(
        "{}\n\n{}",
        table(&header, &[2, 3, 4, 5], made.results.iter().enumerate().map(row)).trim_end(),
        facts(&lines)
    )
}
