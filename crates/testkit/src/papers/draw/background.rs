//! What lies under the print: a gradient, grain, curves and rosettes as banknotes have them.

use std::f32::consts::TAU;

use rand::RngExt;

use crate::papers::random::Random;

use super::canvas::{Canvas, Colour};

/// Paints the whole canvas; nothing that was there before shows.
pub(crate) fn paint(canvas: &mut Canvas, tints: [Colour; 3], random: &mut Random) {
    gradient(canvas, tints[0], tints[1], random);
    let (width, height) = (canvas.picture.width() as f32, canvas.picture.height() as f32);
    let mut mask = vec![0.0; (width * height) as usize];
    waves(&mut mask, (width, height), random);
    canvas.lay_mask(&mask, tints[2], random.random_range(0.18..0.34));
    mask.fill(0.0);
    for _ in 0..random.random_range(1..=3) {
        rosette(&mut mask, (width, height), random);
    }
    canvas.lay_mask(&mask, tints[2].map(|channel| channel * 0.9), random.random_range(0.12..0.26));
    grain(canvas, random);
}

fn gradient(canvas: &mut Canvas, from: Colour, to: Colour, random: &mut Random) {
    let (width, height) = (canvas.picture.width() as f32, canvas.picture.height() as f32);
    let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
    for (x, y, pixel) in canvas.picture.enumerate_pixels_mut() {
        let along = (x as f32 / width - 0.5) * cos + (y as f32 / height - 0.5) * sin;
        let part = (along + 0.5).clamp(0.0, 1.0);
        pixel.0 = std::array::from_fn(|index| (from[index] + (to[index] - from[index]) * part) as u8);
    }
}

/// A bundle of lines whose height is a sum of sines, each line a little further in phase.
fn waves(mask: &mut [f32], (width, height): (f32, f32), random: &mut Random) {
    let parts: Vec<[f32; 4]> = (0..3)
        .map(|_| {
            let amplitude = height * random.random_range(0.02..0.09);
            let turns = random.random_range(1.0..6.0);
            [amplitude, turns, random.random_range(0.0..TAU), random.random_range(0.5..3.0)]
        })
        .collect();
    let line_count = random.random_range(28..60);
    for line in 0..line_count {
        let part = line as f32 / line_count as f32;
        let steps = (width * 2.0) as usize;
        for step in 0..steps {
            let x = step as f32 / steps as f32;
            let offset: f32 = parts
                .iter()
                .map(|[amplitude, turns, phase, drift]| {
                    amplitude * (x * turns * TAU + phase + part * drift * TAU).sin()
                })
                .sum();
            splat(mask, (width, height), x * width, part * height + offset, 0.5);
        }
    }
}

/// The trace of a point on a wheel that rolls around a wheel.
fn rosette(mask: &mut [f32], (width, height): (f32, f32), random: &mut Random) {
    let (x, y) = (width * random.random_range(0.15..0.85), height * random.random_range(0.15..0.7));
    let radius = height * random.random_range(0.12..0.3);
    let petals = random.random_range(7..19) as f32;
    let depth = random.random_range(0.2..0.5);
    let ring_count = random.random_range(5..11);
    for ring in 0..ring_count {
        let turn = ring as f32 / ring_count as f32 * TAU / petals;
        let steps = (radius * 16.0) as usize;
        for step in 0..steps {
            let angle = step as f32 / steps as f32 * TAU;
            let reach = radius * (1.0 - depth + depth * ((angle + turn) * petals).sin());
            splat(mask, (width, height), x + reach * angle.cos(), y + reach * angle.sin(), 0.4);
        }
    }
}

/// Adds to the four pixels around a place.
fn splat(mask: &mut [f32], (width, height): (f32, f32), x: f32, y: f32, amount: f32) {
    if x < 0.0 || y < 0.0 || x >= width - 1.0 || y >= height - 1.0 {
        return;
    }
    let (left, top) = (x.floor(), y.floor());
    let (right_part, lower_part) = (x - left, y - top);
    let index = top as usize * width as usize + left as usize;
    mask[index] += amount * (1.0 - right_part) * (1.0 - lower_part);
    mask[index + 1] += amount * right_part * (1.0 - lower_part);
    mask[index + width as usize] += amount * (1.0 - right_part) * lower_part;
    mask[index + width as usize + 1] += amount * right_part * lower_part;
}

fn grain(canvas: &mut Canvas, random: &mut Random) {
    let strength = random.random_range(1.0..4.0);
    for pixel in canvas.picture.pixels_mut() {
        let step = random.random_range(-strength..strength);
        pixel.0 = pixel.0.map(|channel| (f32::from(channel) + step).round().clamp(0.0, 255.0) as u8);
    }
}
