//! How well a face can be seen, told from its aligned chip.

use prosopa_contract::engine::Quality;

use crate::image::{Picture, Rectangle};

/// Rates an aligned chip; `bounds` is the face's box in the picture.
pub(super) fn assess(chip: &Picture, bounds: &Rectangle) -> Quality {
    // ITU-R BT.601.
    let luma: Vec<f32> = chip
        .rgb()
        .chunks_exact(3)
        .map(|pixel| 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]))
        .collect();
    let brightness = luma.iter().sum::<f32>() / (255.0 * luma.len().max(1) as f32);
    Quality {
        sharpness: laplacian_variance(&luma, chip.width() as usize),
        brightness,
        face_px: bounds.width().min(bounds.height()),
    }
}

/// Variance of the four-neighbour Laplacian over the inner pixels of a picture this wide.
fn laplacian_variance(luma: &[f32], width: usize) -> f32 {
    let (mut sum, mut squares, mut count) = (0.0_f64, 0.0_f64, 0.0_f64);
    let height = luma.len() / width.max(1);
    for y in 1..height.saturating_sub(1) {
        for x in 1..width - 1 {
            let at = y * width + x;
            let around = luma[at - 1] + luma[at + 1] + luma[at - width] + luma[at + width];
            let value = f64::from(around - 4.0 * luma[at]);
            sum += value;
            squares += value * value;
            count += 1.0;
        }
    }
    let mean = sum / count;
    (squares / count - mean * mean).max(0.0) as f32
}

#[cfg(test)]
mod tests;
