//! The pictures of a document, with its fields and its portrait drawn. The numbers are those of the table.

use std::path::{Path, PathBuf};

use crate::annotate::{self, AnnotationNames, LabelledBox};
use crate::client::Given;
use crate::client::types::Document;
use crate::commands::inputs::on_thread;
use crate::context::Context;
use crate::exit::Failure;

/// What the annotated picture of an argument is called first.
pub(super) fn stem(argument: &Path) -> String {
    match argument.file_stem() {
        Some(stem) if argument.as_os_str() != "-" => stem.to_string_lossy().into_owned(),
        _ => "stdin".to_owned(),
    }
}

/// Draws each side's picture, which the server gives where it did not come from here. Gives the paths.
pub(super) async fn draw(
    ctx: &Context,
    document: &Document,
    pictures: Vec<Given>,
    names: &AnnotationNames,
) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::with_capacity(pictures.len());
    for (index, (given, side)) in pictures.into_iter().zip(["front", "back"]).enumerate() {
        let bytes = match given {
            Given::Sent(picture) => picture.bytes,
            Given::Kept(id) => ctx.client.image_content(&id).await?,
        };
        let (boxes, stem) = (boxes_of(document, side), names.stem_path(index));
        let id = document.id.clone();
        let path = on_thread(move || {
            annotate::write_boxes(&bytes, &boxes, &stem).map_err(|error| {
                Failure::Local(format!(
                    "the document {id} is stored, but the picture could not be drawn: {error}"
                ))
            })
        });
        paths.push(path.await?);
    }
    Ok(paths)
}

fn boxes_of(document: &Document, side: &str) -> Vec<LabelledBox> {
    let mut boxes = Vec::new();
    for (index, field) in document.fields.iter().enumerate() {
        let readings = field.mrz.iter().chain(&field.printed).filter(|reading| reading.side == side);
        boxes.extend(
            readings.map(|reading| LabelledBox { bounds: reading.bounds, label: (index + 1).to_string() }),
        );
    }
    let portrait = document.portrait.iter().filter(|portrait| portrait.side == side);
    boxes.extend(portrait.map(|portrait| LabelledBox {
        bounds: portrait.bounds,
        label: format!("{:.1}%", portrait.confidence * 100.0),
    }));
    boxes
}
