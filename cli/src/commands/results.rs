//! `prosopa results`: what the server has stored.

use serde_json::json;

use crate::args::{Format, ResultsDelete, ResultsList, ResultsShow};
use crate::client::DetectionFilter;
use crate::client::types::DetectionSummary;
use crate::commands::detect::faces::detection_text;
use crate::commands::for_each;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{table, time};

/// Lists results, newest first, page by page.
pub(super) async fn list(ctx: &Context, args: ResultsList) -> Result<(), Failure> {
    let filter = DetectionFilter { start_date: args.start_date, end_date: args.end_date };
    let mut left = if args.all { usize::MAX } else { args.limit.get() };
    let mut cursor: Option<String> = None;
    let mut kept = Vec::new();
    let has_more = loop {
        let page = ctx.client.detections(&filter, left, cursor.as_deref()).await?;
        let page_items = page.items.len().min(left);
        left -= page_items;
        let items = page.items.into_iter().take(page_items);
        if ctx.output.format() == Format::Ndjson {
            items.into_iter().try_for_each(|item| ctx.output.row(&item))?;
        } else {
            kept.extend(items);
        }
        let next = page.next_cursor;
        if next.is_none() || left == 0 {
            break next.is_some();
        }
        if next == cursor {
            return Err(Failure::Local("the server gives the same page again and again".to_owned()));
        }
        cursor = next;
    };
    if ctx.output.format() != Format::Ndjson {
        ctx.output.list(&kept, summary_table)?;
    }
    if has_more {
        ctx.reporter.note("there are more: --limit N or --all shows them");
    } else if kept.is_empty() && ctx.output.format() == Format::Table {
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
    let question = match args.ids.as_slice() {
        [id] => format!("Delete {id} and its picture for good?"),
        ids => format!("Delete {} results and their pictures for good?", ids.len()),
    };
    if !ctx.prompter.confirm(&question).await? {
        return Err(Failure::Local("nothing was deleted".to_owned()));
    }
    for_each(ctx, &args.ids, async |id| {
        ctx.client.delete_detection(id).await?;
        ctx.output.document(&json!({ "id": id, "deleted": true }), |_| format!("deleted {id}"))?;
        Ok(())
    })
    .await
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
