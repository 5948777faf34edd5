//! Randomness over an area: a sensor's noise, and smooth patterns for tables.

use image::RgbImage;
use rand::RngExt;

use crate::papers::random::Random;

/// Adds to each pixel what a sensor adds, most of it alike in all channels. `deviation` of 255.
pub(crate) fn add(picture: &mut RgbImage, deviation: f32, random: &mut Random) {
    for pixel in picture.pixels_mut() {
        let common = normal(random) * deviation * 0.8;
        pixel.0 = pixel.0.map(|channel| {
            let own = normal(random) * deviation * 0.6;
            (f32::from(channel) + common + own).round().clamp(0.0, 255.0) as u8
        });
    }
}

/// Near enough to the normal distribution: the sum of four even numbers, scaled to deviation 1.
fn normal(random: &mut Random) -> f32 {
    let bits: u32 = random.random();
    let sum: u32 = bits.to_le_bytes().into_iter().map(u32::from).sum();
    (sum as f32 - 510.0) / 147.8
}

/// Smooth noise between 0 and 1: values on a lattice, blended between its points.
pub(crate) struct Smooth {
    lattice: Vec<f32>,
}

/// Points along each side of the lattice; it repeats after that.
const SIDE: usize = 64;

impl Smooth {
    pub(crate) fn random(random: &mut Random) -> Self {
        Self { lattice: (0..SIDE * SIDE).map(|_| random.random()).collect() }
    }

    /// The value at a place, in steps of the lattice.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let ease = |part: f32| part * part * (3.0 - 2.0 * part);
        let (right_part, lower_part) = (ease(x - left), ease(y - top));
        let value = |dx: i64, dy: i64| {
            let column = (left as i64 + dx).rem_euclid(SIDE as i64) as usize;
            let row = (top as i64 + dy).rem_euclid(SIDE as i64) as usize;
            self.lattice[row * SIDE + column]
        };
        let upper = value(0, 0) + (value(1, 0) - value(0, 0)) * right_part;
        let lower = value(0, 1) + (value(1, 1) - value(0, 1)) * right_part;
        upper + (lower - upper) * lower_part
    }
}
