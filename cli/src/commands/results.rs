//! `prosopa results`: what the server has stored.

use crate::args::{Format, ListArgs, ResultsDelete, ResultsShow};
use crate::client::types::DetectionSummary;
use crate::commands::detect::faces::detection_text;
use crate::commands::{delete_each, listing};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{table, time};

/// Lists results, newest first, page by page.
pub(super) async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let (limit, period) = listing::part(args);
    let ask = async |limit: usize, cursor: Option<&str>| ctx.client.detections(&period, limit, cursor).await;
    let listed = listing::run(ctx, limit, ask, summary_table).await?;
    if listed.is_empty && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no results here: `prosopa detect PHOTO` makes one");
    }
    Ok(())
}

/// Shows one result.
pub(super) async fn show(ctx: &Context, args: &ResultsShow) -> Result<(), Failure> {
    let detection = ctx.client.detection(&args.id).await?;
    ctx.output.document(&detection, |detection| detection_text(detection, &[]))?;
    Ok(())
}

/// Deletes results, after asking.
pub(super) async fn delete(ctx: &Context, args: &ResultsDelete) -> Result<(), Failure> {
    let what = ("and its picture", "results and their pictures");
    delete_each(ctx, &args.ids, what, async |id| ctx.client.delete_detection(id).await).await
}

fn summary_table(results: &[DetectionSummary]) -> String {
    let row = |result: &DetectionSummary| {
        let image = &result.image;
        vec![
            result.id.clone(),
            time(&result.created_at),
            result.face_count.to_string(),
            format!("{} × {}", image.width, image.height),
            image.format.clone(),
            image.id.clone(),
        ]
    };
    table(&["Id", "Time", "Faces", "Size", "Format", "Picture"], &[2], results.iter().map(row))
}
