//! Writes six clean and six degraded documents with their truth into a folder:
//! `cargo run --example sheet -- FOLDER SEED PORTRAIT[@X0,Y0,X1,Y1]...`, where the numbers are the face's box.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use image::{Rgb, RgbImage};

use prosopa_testkit::papers::degrade::{Photo, Span, photograph};
use prosopa_testkit::papers::draw::{draw, frame_face};
use prosopa_testkit::papers::font::Fonts;
use prosopa_testkit::papers::geometry::{Quad, Rect};
use prosopa_testkit::papers::person::{Date, Identity, Kind};

const TODAY: Date = Date::new(2026, 6, 1);
const USAGE: &str = "usage: sheet FOLDER SEED PORTRAIT[@X0,Y0,X1,Y1]...";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context(USAGE)?);
    let first_seed: u64 = arguments.next().context(USAGE)?.parse().context(USAGE)?;
    let portraits = arguments.map(|argument| read_portrait(&argument)).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!portraits.is_empty(), USAGE);
    let fonts = Fonts::from_environment()?;
    fs::create_dir_all(&folder)?;
    for (name, spans) in [("clean", Span::clean()), ("degraded", Span::degraded())] {
        let mut count = 0;
        for (seed, portrait) in (first_seed..).zip(portraits.iter().cycle()) {
            let kind = if seed % 2 == 0 { Kind::Td1 } else { Kind::Td3 };
            let identity = Identity::random(kind, TODAY, seed);
            for document in draw(&identity, portrait, &fonts, seed) {
                count += 1;
                let photo = photograph(&document, &spans, seed + count)?;
                write(&folder.join(format!("{name}-{count}")), &photo)?;
            }
            if count >= 6 {
                break;
            }
        }
    }
    Ok(())
}

fn read_portrait(argument: &str) -> anyhow::Result<RgbImage> {
    let (path, face) = argument.split_once('@').unwrap_or((argument, ""));
    let picture = image::open(path).with_context(|| path.to_owned())?.into_rgb8();
    if face.is_empty() {
        return Ok(picture);
    }
    let corners = face.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>().context(USAGE)?;
    let [x0, y0, x1, y1] = corners[..] else { bail!(USAGE) };
    Ok(frame_face(&picture, Rect { x0, y0, x1, y1 }))
}

/// The photograph, its truth, and once more with all outlines drawn in.
fn write(stem: &Path, photo: &Photo) -> anyhow::Result<()> {
    fs::write(stem.with_extension("jpg"), &photo.jpeg)?;
    let truth = serde_json::json!({ "truth": photo.truth, "conditions": photo.conditions });
    fs::write(stem.with_extension("json"), serde_json::to_vec_pretty(&truth)?)?;
    let mut marked = photo.picture.clone();
    for line in &photo.truth.lines {
        outline(&mut marked, &line.outline, [255, 0, 0]);
    }
    if let Some(portrait) = &photo.truth.portrait {
        outline(&mut marked, portrait, [0, 0, 255]);
    }
    outline(&mut marked, &photo.truth.outline, [0, 160, 0]);
    marked.save(stem.with_extension("outlines.png"))?;
    Ok(())
}

fn outline(picture: &mut RgbImage, quad: &Quad, colour: [u8; 3]) {
    for (from, to) in quad.0.iter().zip(quad.0.iter().cycle().skip(1)) {
        let steps = (to.x - from.x).hypot(to.y - from.y).ceil().max(1.0);
        for step in 0..=steps as u32 {
            let part = step as f32 / steps;
            let (x, y) = (from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part);
            if let Some(pixel) = picture.get_pixel_mut_checked(x as u32, y as u32) {
                *pixel = Rgb(colour);
            }
        }
    }
}
