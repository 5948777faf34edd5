//! Cutting a turned, scaled square out of a picture: bilinear, black outside, shrunk by area first where needed.

use std::borrow::Cow;

use super::{
    Picture, Region, Similarity,
    area::{round, shrink},
};

/// Cuts the square of `side` pixels that `to_chip` maps the picture onto.
///
/// Where the picture would be shrunk more than twice, it is reduced by whole-number area means first, so that
/// nothing aliases.
pub(crate) fn cut_chip(picture: &Picture, to_chip: &Similarity, side: usize) -> Picture {
    let to_picture = to_chip.inverse();
    let factor = (0.5 / to_chip.scale()).ceil().clamp(1.0, 4096.0) as usize;
    let mut chip = vec![0; side * side * 3];
    if let Some(source) = Source::cover(picture, &to_picture, side, factor) {
        for (index, pixel) in chip.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = to_picture.apply((index % side) as f64, (index / side) as f64);
            *pixel = source.sample(x, y);
        }
    }
    Picture::new(side as u32, side as u32, chip)
}

/// What a chip is sampled from: the picture itself, or a part of it reduced by a whole factor.
struct Source<'a> {
    picture: Cow<'a, Picture>,
    /// Where the centre of the first pixel lies in the picture.
    x: f64,
    y: f64,
    factor: f64,
}

impl<'a> Source<'a> {
    /// `None` when the chip lies wholly outside.
    fn cover(picture: &'a Picture, to_picture: &Similarity, side: usize, factor: usize) -> Option<Self> {
        if factor == 1 {
            return Some(Self { picture: Cow::Borrowed(picture), x: 0.0, y: 0.0, factor: 1.0 });
        }
        let end = side as f64 - 1.0;
        let corners = [(0.0, 0.0), (end, 0.0), (0.0, end), (end, end)].map(|(x, y)| to_picture.apply(x, y));
        let (x, width) = blocks(corners.map(|corner| corner.0), picture.width(), factor)?;
        let (y, height) = blocks(corners.map(|corner| corner.1), picture.height(), factor)?;
        let region = Region {
            x: x as u32,
            y: y as u32,
            width: (width * factor) as u32,
            height: (height * factor) as u32,
        };
        let mut pixels = Vec::with_capacity(width * height * 3);
        shrink(picture, region, (width, height), (0..width, 0..height), &mut pixels);
        let pixels = pixels.into_iter().map(|value| value as u8).collect();
        let middle = (factor as f64 - 1.0) / 2.0;
        Some(Self {
            picture: Cow::Owned(Picture::new(width as u32, height as u32, pixels)),
            x: x as f64 + middle,
            y: y as f64 + middle,
            factor: factor as f64,
        })
    }

    /// The colour at a place in the picture, black outside.
    fn sample(&self, x: f64, y: f64) -> [u8; 3] {
        let (x, y) = ((x - self.x) / self.factor, (y - self.y) / self.factor);
        let ((column, right_share), (row, lower_share)) = (split(x), split(y));
        let (upper, lower) = (self.pair(column, row), self.pair(column, row + 1));
        std::array::from_fn(|index| {
            let upper = upper[0][index] + right_share * (upper[1][index] - upper[0][index]);
            let lower = lower[0][index] + right_share * (lower[1][index] - lower[0][index]);
            round(upper + lower_share * (lower - upper)) as u8
        })
    }

    /// A pixel and its right neighbour.
    fn pair(&self, column: i64, row: i64) -> [[f32; 3]; 2] {
        let (width, height) = (i64::from(self.picture.width()), i64::from(self.picture.height()));
        if !(0..height).contains(&row) || !(-1..width).contains(&column) {
            return [[0.0; 3]; 2];
        }
        let line = self.picture.row(row as u32);
        let pixel = |column: i64| {
            let start = column as usize * 3;
            [line[start], line[start + 1], line[start + 2]].map(f32::from)
        };
        let left = if column < 0 { [0.0; 3] } else { pixel(column) };
        let right = if column + 1 < width { pixel(column + 1) } else { [0.0; 3] };
        [left, right]
    }
}

/// Whole part (rounded down) and fraction of a coordinate.
fn split(value: f64) -> (i64, f32) {
    let truncated = value as i64;
    let whole = truncated - i64::from(truncated as f64 > value);
    (whole, (value - whole as f64) as f32)
}

/// First pixel and number of the whole blocks of `factor` pixels that a span of corners needs.
fn blocks(corners: [f64; 4], size: u32, factor: usize) -> Option<(usize, usize)> {
    let reach = factor as f64 + 1.0;
    let low = corners.iter().copied().fold(f64::INFINITY, f64::min) - reach;
    let high = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max) + reach;
    let start = low.floor().max(0.0) as usize / factor * factor;
    let end = (high.ceil() + 1.0).clamp(0.0, f64::from(size)) as usize;
    let count =
        end.saturating_sub(start).div_ceil(factor).min((size as usize).saturating_sub(start) / factor);
    (count > 0).then_some((start, count))
}

#[cfg(test)]
mod tests;
