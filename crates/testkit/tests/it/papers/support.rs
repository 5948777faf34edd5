//! What the tests share.

use std::sync::LazyLock;

use image::{Rgb, RgbImage};

use prosopa_testkit::papers::draw::{Document, draw};
use prosopa_testkit::papers::font::Fonts;
use prosopa_testkit::papers::geometry::{Quad, Rect};
use prosopa_testkit::papers::person::{Date, Identity, Kind};

pub(crate) const TODAY: Date = Date::new(2026, 6, 1);

static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::from_environment().unwrap());

/// Red to the left and green to the right, so that its place in a picture shows.
pub(crate) fn portrait() -> RgbImage {
    RgbImage::from_fn(60, 80, |x, _| if x < 30 { Rgb([220, 0, 0]) } else { Rgb([0, 220, 0]) })
}

pub(crate) fn documents(kind: Kind, seed: u64) -> Vec<Document> {
    draw(&Identity::random(kind, TODAY, seed), &portrait(), &FONTS, seed)
}

pub(crate) fn assert_within(quad: &Quad, picture: &RgbImage, what: &str) {
    let Rect { x0, y0, x1, y1 } = quad.bounds();
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    assert!(
        x0 >= 0.0 && y0 >= 0.0 && x1 <= width && y1 <= height,
        "{what}: {quad:?} not in {width} x {height}"
    );
    assert!(x1 > x0 && y1 > y0, "{what}: {quad:?} is empty");
}

/// Mean of the channels over an upright rectangle.
pub(crate) fn mean(picture: &RgbImage, area: &Rect) -> [f64; 3] {
    let mut sum = [0.0; 3];
    let mut count = 0.0;
    for y in area.y0 as u32..area.y1 as u32 {
        for x in area.x0 as u32..area.x1 as u32 {
            let pixel = picture.get_pixel(x, y);
            sum.iter_mut().zip(pixel.0).for_each(|(sum, channel)| *sum += f64::from(channel));
            count += 1.0;
        }
    }
    sum.map(|sum| sum / count)
}
