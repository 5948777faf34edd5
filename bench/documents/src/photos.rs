//! Photographs of drawn documents, different ones and always the same.

use image::RgbImage;

use prosopa_harness::photo;
use prosopa_testkit::papers::{
    degrade::{Span, photograph},
    draw::{draw, frame_face},
    font::Fonts,
    geometry::Rect,
    person::{Date, Identity, Kind},
};

/// Between the dates of issue and of expiry of what is drawn.
const TODAY: Date = Date::new(2026, 6, 1);
/// Where the face is in the harness's photograph, pixels.
const FACE: Rect = Rect { x0: 179.0, y0: 60.0, x1: 268.0, y1: 176.0 };

/// The sides with the zones of so many documents, photographed by a careful person, as JPEG.
pub(crate) fn documents(kind: Kind, count: u64) -> Vec<Vec<u8>> {
    let fonts = Fonts::from_environment().unwrap();
    let portrait = portrait();
    let photo = |seed: u64| {
        let document = draw(&Identity::random(kind, TODAY, seed), &portrait, &fonts, seed).pop().unwrap();
        photograph(&document, &Span::clean(), seed).unwrap().jpeg
    };
    (1..=count).map(photo).collect()
}

fn portrait() -> RgbImage {
    frame_face(&image::load_from_memory(&photo()).unwrap().into_rgb8(), FACE)
}
