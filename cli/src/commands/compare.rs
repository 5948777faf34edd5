//! `prosopa match`: says whether two pictures, or one and several others, show one person.

use std::path::{Path, PathBuf};

use crate::args::{Format, MatchArgs};
use crate::client::types::{Match, MatchResult, Picture};
use crate::client::{Compared, MatchOptions};
use crate::commands::inputs::{Source, media_type, on_thread};
use crate::context::Context;
use crate::exit::{Failure, INCONCLUSIVE, NO_MATCH};
use crate::output::{facts, table, time};
use crate::progress::Progress;

/// Compares, prints, and ends with 0 only if every comparison is a match.
pub(super) async fn run(ctx: &Context, args: MatchArgs) -> Result<(), Failure> {
    let image_a = open(&args.image_a).await?;
    let mut images_b = Vec::with_capacity(args.images_b.len());
    for picture in &args.images_b {
        images_b.push(open(picture).await?);
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
    let has = |decision: &str| made.results.iter().any(|result| result.decision == decision);
    if made.results.iter().all(|result| result.decision == "match") {
        Ok(())
    } else {
        Err(Failure::Reported { code: if has("no_match") { NO_MATCH } else { INCONCLUSIVE } })
    }
}

/// An id of a kept picture, or else a file.
async fn open(picture: &Path) -> Result<Compared, Failure> {
    if let Some(id) = picture.to_str().filter(|text| text.starts_with("img_") && !picture.exists()) {
        return Ok(Compared::Kept(id.to_owned()));
    }
    let source = Source::File(picture.to_owned());
    let bytes = on_thread(move || source.read()).await.map_err(|failure| match failure {
        Failure::Local(reason) => Failure::Local(format!("{}: {reason}", picture.display())),
        other => other,
    })?;
    Ok(Compared::Sent(Picture { content_type: media_type(&bytes), bytes }))
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
