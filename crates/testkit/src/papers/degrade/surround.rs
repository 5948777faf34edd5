//! Lays a document on a table and looks at it from somewhere above.

use image::{Rgb, RgbImage};
use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::papers::geometry::{Homography, Point, Quad, Rect};
use crate::papers::random::Random;

use super::blur::sample;
use super::noise::Smooth;
use super::preset::Conditions;

/// Tables: wood, slate, cloth, paper, and one nearly as pale as the document.
const TABLES: [[f32; 3]; 5] = [
    [142.0, 104.0, 70.0],
    [66.0, 70.0, 76.0],
    [92.0, 108.0, 90.0],
    [178.0, 172.0, 164.0],
    [212.0, 208.0, 200.0],
];
/// Cards and passports have round corners (ISO/IEC 7810: 3.18 mm on a width of 85.6 mm).
const CORNER_PART: f32 = 0.03;

/// The picture of the table with the document, and where each point of the document went.
pub(crate) fn lay_on_table(
    flat: &RgbImage,
    conditions: &Conditions,
    random: &mut Random,
) -> (RgbImage, Homography) {
    let (width, height) = (flat.width() as f32, flat.height() as f32);
    let from = Quad::from(Rect::new(0.0, 0.0, width, height));
    let (to, picture_width, picture_height) = corners(&from, conditions, random);
    let table = Table::random(random);
    // Only conditions far beyond a photograph's bring three corners onto a line; the document then lies flat.
    let (onto_table, onto_document) = Homography::between(&from, &to)
        .zip(Homography::between(&to, &from))
        .unwrap_or((Homography::IDENTITY, Homography::IDENTITY));
    let radius = width * CORNER_PART;
    let picture = RgbImage::from_fn(picture_width, picture_height, |x, y| {
        let seen = onto_document.apply(Point { x: x as f32 + 0.5, y: y as f32 + 0.5 });
        let outside = distance_outside(seen, width, height, radius);
        let covered = (0.5 - outside).clamp(0.0, 1.0);
        let mut colour = [0.0; 3];
        if covered < 1.0 {
            colour = table.at(x as f32, y as f32, outside);
        }
        if covered > 0.0 {
            let document = sample(flat, seen.x - 0.5, seen.y - 0.5);
            colour = std::array::from_fn(|index| colour[index] + (document[index] - colour[index]) * covered);
        }
        Rgb(colour.map(|channel| channel.round().clamp(0.0, 255.0) as u8))
    });
    (picture, onto_table)
}

/// Where the corners come to lie, and how large the picture is that holds them with its margin.
fn corners(from: &Quad, conditions: &Conditions, random: &mut Random) -> (Quad, u32, u32) {
    let width = from.bounds().width();
    let (sin, cos) = conditions.tilt_degrees.to_radians().sin_cos();
    let stray = conditions.perspective * width;
    let turned = from.map(|point| Point {
        x: point.x * cos - point.y * sin + random.random_range(-stray..=stray),
        y: point.x * sin + point.y * cos + random.random_range(-stray..=stray),
    });
    let bounds = turned.bounds();
    let margin = conditions.margin * width;
    let moved =
        turned.map(|point| Point { x: point.x - bounds.x0 + margin, y: point.y - bounds.y0 + margin });
    let extent = |length: f32| (length + 2.0 * margin).ceil() as u32;
    (moved, extent(bounds.width()), extent(bounds.height()))
}

/// How far a point lies outside a rectangle with round corners; negative inside.
fn distance_outside(point: Point, width: f32, height: f32, radius: f32) -> f32 {
    let dx = (point.x - width / 2.0).abs() - width / 2.0 + radius;
    let dy = (point.y - height / 2.0).abs() - height / 2.0 + radius;
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
}

struct Table {
    colour: [f32; 3],
    /// How long the grain is along and across.
    grain_px: (f32, f32),
    contrast: f32,
    coarse: Smooth,
    fine: Smooth,
}

impl Table {
    fn random(random: &mut Random) -> Self {
        let shade = random.random_range(0.8..1.1);
        let along = random.random_range(40.0..160.0);
        Self {
            colour: TABLES.choose(random).unwrap_or(&TABLES[0]).map(|channel| channel * shade),
            grain_px: (along, along / random.random_range(1.0..12.0)),
            contrast: random.random_range(0.05..0.3),
            coarse: Smooth::random(random),
            fine: Smooth::random(random),
        }
    }

    /// Darker where the document casts its shadow.
    fn at(&self, x: f32, y: f32, from_document_px: f32) -> [f32; 3] {
        let (along, across) = self.grain_px;
        let coarse = self.coarse.at(x / along, y / across) - 0.5;
        let fine = self.fine.at(x / along * 6.0, y / across * 6.0) - 0.5;
        let shadow = 1.0 - 0.4 * (-from_document_px.max(0.0) / 10.0).exp();
        let light = (1.0 + self.contrast * (coarse + fine * 0.6)) * shadow;
        self.colour.map(|channel| channel * light)
    }
}
