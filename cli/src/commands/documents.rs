//! `prosopa document` and `prosopa documents`: documents that are read, and those that were.

mod drawing;
mod text;

use std::path::PathBuf;

use serde::Serialize;

use crate::annotate::AnnotationNames;
use crate::args::{DocumentArgs, DocumentsDelete, DocumentsShow, Format, ListArgs};
use crate::client::Given;
use crate::client::types::{Document, DocumentSummary};
use crate::commands::inputs::Opener;
use crate::commands::{delete_each, listing};
use crate::context::Context;
use crate::exit::{Failure, outcome_of_judgements};
use crate::output::{table, time};
use crate::progress::Progress;
use text::document_text;

/// What is printed of a document that was read just now.
#[derive(Serialize)]
struct Read {
    /// The document.
    #[serde(flatten)]
    document: Document,
    /// Where its pictures with the fields drawn are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotated: Vec<PathBuf>,
}

/// Reads a document, prints it, and ends with 0 only if it is valid.
pub(super) async fn read(ctx: &Context, args: DocumentArgs) -> Result<(), Failure> {
    let mut opener = Opener::default();
    let front = opener.open(&args.front).await?;
    let back = opener.open_if_given(args.back.as_ref()).await?;
    let paths = std::iter::once(&args.front).chain(&args.back);
    let names = match &args.save_annotated {
        Some(folder) => Some(AnnotationNames::new(folder, paths.map(|path| drawing::stem(path)))?),
        None => None,
    };
    let mut progress = Progress::new(ctx.progress, ctx.is_quiet, 1, ctx.reporter.clone());
    let outcome = ctx.client.read_document(&front, back.as_ref()).await;
    let told = outcome.as_ref().map(|document| document.result.as_str()).map_err(|error| error.code());
    progress.advance_to(&args.front.display().to_string(), told);
    drop(progress);
    let document = outcome?;
    let pictures: Vec<Given> = std::iter::once(front).chain(back).collect();
    let (mut annotated, mut undrawn) = (Vec::new(), None);
    if let Some(names) = names {
        match drawing::draw(ctx, &document, pictures, &names).await {
            Ok(paths) => annotated = paths,
            Err(failure) => undrawn = Some(failure),
        }
    }
    let read = Read { document, annotated };
    ctx.output.document(&read, |read| document_text(&read.document, &read.annotated))?;
    match undrawn {
        Some(failure) => Err(failure),
        None => outcome_of_judgements([read.document.result.as_str()]),
    }
}

/// Lists documents, newest first, page by page.
pub(super) async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let (limit, period) = listing::part(args);
    let ask = async |limit: usize, cursor: Option<&str>| ctx.client.documents(&period, limit, cursor).await;
    let listed = listing::run(ctx, limit, ask, summary_table).await?;
    if listed.is_empty && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no documents here: `prosopa document PICTURE` reads one");
    }
    Ok(())
}

/// Shows one document.
pub(super) async fn show(ctx: &Context, args: &DocumentsShow) -> Result<(), Failure> {
    let document = ctx.client.document(&args.id).await?;
    ctx.output.document(&document, |document| document_text(document, &[]))?;
    Ok(())
}

/// Deletes what was read from documents, after asking.
pub(super) async fn delete(ctx: &Context, args: &DocumentsDelete) -> Result<(), Failure> {
    let what = ("with the verifications of it", "documents with the verifications of them");
    delete_each(ctx, &args.ids, what, async |id| ctx.client.delete_document(id).await).await
}

fn summary_table(documents: &[DocumentSummary]) -> String {
    let row = |document: &DocumentSummary| {
        vec![
            document.id.clone(),
            time(&document.created_at),
            document.sides.to_string(),
            document.front_image_id.clone(),
        ]
    };
    table(&["Id", "Time", "Pictures", "Front"], &[2], documents.iter().map(row))
}
