//! The blur of a camera that moves.

use image::RgbImage;

/// Averages along a line of this length through each pixel; shorter than half a pixel changes nothing.
pub(crate) fn move_along(picture: &RgbImage, length_px: f32, direction: f32) -> RgbImage {
    if length_px < 0.5 {
        return picture.clone();
    }
    let (sin, cos) = direction.sin_cos();
    let sample_count = (length_px * 2.0).ceil() as usize + 1;
    let offsets: Vec<(f32, f32)> = (0..sample_count)
        .map(|index| {
            let along = (index as f32 / (sample_count - 1) as f32 - 0.5) * length_px;
            (along * cos, along * sin)
        })
        .collect();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let mut sum = [0.0; 3];
        for (dx, dy) in &offsets {
            let sample = sample(picture, x as f32 + dx, y as f32 + dy);
            sum.iter_mut().zip(sample).for_each(|(sum, channel)| *sum += channel);
        }
        image::Rgb(sum.map(|sum| (sum / sample_count as f32).round() as u8))
    })
}

/// The picture between its pixels, whose middles have whole numbers; beyond the edge the edge goes on.
pub(crate) fn sample(picture: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let x = x.clamp(0.0, picture.width() as f32 - 1.0);
    let y = y.clamp(0.0, picture.height() as f32 - 1.0);
    let (left, top) = (x as u32, y as u32);
    let (right, bottom) = ((left + 1).min(picture.width() - 1), (top + 1).min(picture.height() - 1));
    let (right_part, lower_part) = (x - left as f32, y - top as f32);
    let at = |x, y| picture.get_pixel(x, y).0.map(f32::from);
    let [a, b, c, d] = [at(left, top), at(right, top), at(left, bottom), at(right, bottom)];
    std::array::from_fn(|index| {
        let upper = a[index] + (b[index] - a[index]) * right_part;
        let lower = c[index] + (d[index] - c[index]) * right_part;
        upper + (lower - upper) * lower_part
    })
}
