//! Uneven light and reflections.

use std::f32::consts::TAU;

use image::RgbImage;
use rand::RngExt;

use crate::papers::geometry::Rect;
use crate::papers::random::Random;

/// Darkens towards one side by up to `unevenness` (0 to 1).
pub(crate) fn shade(picture: &mut RgbImage, unevenness: f32, random: &mut Random) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
    let reach = 0.5 * (sin.abs() + cos.abs());
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let along = (x as f32 / width - 0.5) * cos + (y as f32 / height - 0.5) * sin;
        let light = 1.0 - unevenness * (along + reach) / (2.0 * reach);
        pixel.0 = pixel.0.map(|channel| (f32::from(channel) * light).round() as u8);
    }
}

/// A soft bright spot somewhere in `area` that takes up to `strength` (0 to 1) of the contrast.
pub(crate) fn glare(picture: &mut RgbImage, area: &Rect, strength: f32, random: &mut Random) {
    let middle_x = random.random_range(area.x0..area.x1);
    let middle_y = random.random_range(area.y0..area.y1);
    let long = area.width() * random.random_range(0.06..0.2);
    let short = long * random.random_range(0.3..1.0);
    let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
        let (u, v) = ((dx * cos + dy * sin) / long, (dy * cos - dx * sin) / short);
        let distance = u * u + v * v;
        if distance > 9.0 {
            continue;
        }
        let part = strength * (-distance).exp();
        pixel.0 = pixel.0.map(|channel| {
            let channel = f32::from(channel);
            (channel + (255.0 - channel) * part).round() as u8
        });
    }
}
