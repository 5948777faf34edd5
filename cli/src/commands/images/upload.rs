//! `prosopa images upload`: sends pictures to be kept, several at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::image_text;
use crate::args::{Format, ImagesUpload};
use crate::client::UploadOptions;
use crate::client::types::{Picture, StoredImage};
use crate::commands::inputs::{Input, Plan, media_type, on_thread};
use crate::commands::outcome_of_many;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::table;
use crate::progress::Progress;

/// What became of one picture.
#[derive(Debug, Serialize)]
struct Row {
    /// Its place among all pictures.
    #[serde(skip)]
    index: usize,
    /// The picture, as it was named.
    file: String,
    /// As it is kept.
    #[serde(flatten)]
    image: Option<StoredImage>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

/// Sends every picture that the arguments name. What is wrong with one picture does not keep the others.
pub(in crate::commands) async fn run(ctx: &Context, args: ImagesUpload) -> Result<(), Failure> {
    let plan = Plan::new(&args.inputs)?;
    let (options, total) = (options(&args), plan.inputs.len());
    let mut progress = Progress::new(ctx.progress, ctx.is_quiet, total, ctx.reporter.clone());
    let is_stopped = AtomicBool::new(false);
    let (mut rows, mut codes, mut end) = (Vec::<Row>::new(), Vec::new(), None);
    let mut finished = futures::stream::iter(plan.inputs.into_iter().enumerate())
        .map(|(index, input)| send(ctx, &options, &is_stopped, index, input))
        .buffer_unordered(args.parallel.get());
    while let Some(one) = finished.next().await {
        let Some((row, failure)) = one else { continue };
        progress.advance_to(&row.file, failure.as_ref().map_or(Ok("kept"), |failure| Err(failure.code())));
        if ctx.output.format() == Format::Ndjson {
            ctx.output.row(&row)?;
        }
        if let Some(failure) = failure {
            codes.push(failure.exit_code());
            if failure.ends_everything() {
                is_stopped.store(true, Ordering::Relaxed);
                end.get_or_insert(failure);
            } else {
                ctx.reporter.failure_of(Some(&row.file), &failure);
            }
        }
        rows.push(row);
    }
    drop(finished);
    drop(progress);
    rows.sort_by_key(|row| row.index);
    match (ctx.output.format(), rows.first().filter(|_| plan.is_single)) {
        (Format::Ndjson, _) => {}
        (_, Some(row)) => {
            if let Some(image) = &row.image {
                ctx.output.document(row, |_| image_text(image))?;
            }
        }
        (_, None) => ctx.output.list(&rows, row_table)?,
    }
    match end {
        Some(failure) => Err(failure),
        None => outcome_of_many(&codes, total),
    }
}

/// Sends one picture; `None` when it was stopped before.
async fn send(
    ctx: &Context,
    options: &UploadOptions,
    is_stopped: &AtomicBool,
    index: usize,
    input: Input,
) -> Option<(Row, Option<Failure>)> {
    if is_stopped.load(Ordering::Relaxed) {
        return None;
    }
    let mut row = Row { index, file: input.name, image: None, error: None };
    let sent = async {
        let source = input.source?;
        let bytes = on_thread(move || source.read()).await?;
        let picture = Picture { content_type: media_type(&bytes), bytes };
        Ok::<_, Failure>(ctx.client.upload_image(picture, options).await?)
    };
    match sent.await {
        Ok(image) => {
            row.image = Some(image);
            Some((row, None))
        }
        Err(failure) => {
            let mut error = json!({ "code": failure.code(), "message": failure.to_string() });
            if let Some(id) = failure.request_id() {
                error["request_id"] = id.into();
            }
            row.error = Some(error);
            Some((row, Some(failure)))
        }
    }
}

/// The form's fields that the arguments fill.
fn options(args: &ImagesUpload) -> UploadOptions {
    let mut fields = vec![("type", args.kind.as_str().to_owned())];
    fields.extend(args.subject.clone().map(|name| ("subject_id", name)));
    fields.extend(args.metadata.clone().map(|json| ("metadata", json)));
    fields.extend(args.consent.clone().map(|id| ("consent_id", id)));
    fields.extend(args.delete_at.map(|time| ("delete_at", time.to_string())));
    if !args.exif.is_empty() {
        fields.push(("exif", args.exif.join(",")));
    }
    UploadOptions { fields }
}

/// A line per picture; the problem's code in the place of the id where it failed.
fn row_table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let error = row.error.as_ref().and_then(|error| error["code"].as_str()).unwrap_or_default();
        let (size, result) = match &row.image {
            Some(StoredImage { image, .. }) => {
                (format!("{} × {}", image.width, image.height), image.id.clone())
            }
            None => ("-".to_owned(), format!("failed: {error}")),
        };
        vec![row.file.clone(), size, result]
    };
    table(&["File", "Size", "Picture"], &[], rows.iter().map(line))
}
