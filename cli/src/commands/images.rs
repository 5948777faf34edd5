//! `prosopa images`: pictures that are kept.

pub(super) mod upload;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::args::{Format, ImagesDelete, ImagesGet, ImagesList};
use crate::client::ImageFilter;
use crate::client::types::StoredImage;
use crate::commands::inputs::on_thread;
use crate::commands::{delete_each, listing};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{facts, table, time};

/// Lists pictures, newest first, page by page.
pub(super) async fn list(ctx: &Context, args: ImagesList) -> Result<(), Failure> {
    let (limit, period) = listing::part(args.list);
    let kind = args.kind.map(crate::args::ImageType::as_str);
    let filter = ImageFilter { kind, subject: args.subject, period };
    let ask = async |limit: usize, cursor: Option<&str>| ctx.client.images(&filter, limit, cursor).await;
    let listed = listing::run(ctx, limit, ask, image_table).await?;
    if listed.is_empty && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no pictures here: `prosopa images upload PHOTO` keeps one");
    }
    Ok(())
}

/// Shows what is known of a picture; saves it too, if there is a file for it.
pub(super) async fn get(ctx: &Context, args: ImagesGet) -> Result<(), Failure> {
    let image = ctx.client.image(&args.id).await?;
    if let Some(path) = args.save {
        let bytes = ctx.client.image_content(&args.id).await?;
        on_thread(move || save(&path, &bytes)).await?;
    }
    ctx.output.document(&image, image_text)?;
    Ok(())
}

/// Deletes pictures, after asking.
pub(super) async fn delete(ctx: &Context, args: &ImagesDelete) -> Result<(), Failure> {
    let what = ("with every result in it", "pictures with every result in them");
    delete_each(ctx, &args.ids, what, async |id| ctx.client.delete_image(id).await).await
}

/// Never over something that is there.
fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::Local(format!("{}: cannot be written: {error}", path.display())))
}

/// What is known of a picture, for people.
fn image_text(image: &StoredImage) -> String {
    let picture = &image.image;
    let mut lines = vec![
        ("Picture", picture.id.clone()),
        ("Type", image.kind.clone()),
        (
            "Size",
            format!("{} × {}, {}, {} bytes", picture.width, picture.height, picture.format, picture.bytes),
        ),
        ("Time", time(&image.created_at)),
    ];
    lines.extend(image.delete_at.as_deref().map(|at| ("Deleted at", time(at))));
    lines.extend(image.subject.clone().map(|subject| ("Person", subject)));
    lines.push(("SHA-256", picture.sha256.clone()));
    for (name, key) in [("Consent", "consent_id"), ("Metadata", "metadata"), ("Capture", "capture")] {
        let value = picture.unknown.get(key);
        let is_empty = value.and_then(serde_json::Value::as_object).is_some_and(serde_json::Map::is_empty);
        lines.extend(
            value
                .filter(|_| !is_empty)
                .map(|value| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))),
        );
    }
    facts(&lines)
}

fn image_table(images: &[StoredImage]) -> String {
    let row = |image: &StoredImage| {
        let picture = &image.image;
        vec![
            picture.id.clone(),
            time(&image.created_at),
            image.kind.clone(),
            format!("{} × {}", picture.width, picture.height),
            picture.format.clone(),
            image.subject.clone().unwrap_or_default(),
        ]
    };
    table(&["Id", "Time", "Type", "Size", "Format", "Person"], &[], images.iter().map(row))
}
