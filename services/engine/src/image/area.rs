//! Area resizing: each output pixel is the mean of the input area it covers, as `INTER_AREA` of `OpenCV` computes it.

use std::ops::Range;

use super::{Picture, Region};

/// Shares of a pixel smaller than this are left out.
const SHARE_MIN: f64 = 1e-3;

/// Resizes `region` to `size` (width, height) and appends the part `part` (columns, rows) of the result to `out` as
/// interleaved RGB, whole numbers from 0 to 255.
///
/// # Panics
/// When the region does not lie in the picture, or the part not in the result.
pub(crate) fn shrink(
    picture: &Picture,
    region: Region,
    size: (usize, usize),
    part: (Range<usize>, Range<usize>),
    out: &mut Vec<f32>,
) {
    let (columns, rows) = part;
    assert!(columns.end <= size.0 && rows.end <= size.1, "part of a resized picture");
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    let (width, height) = (region.width as usize, region.height as usize);
    let is_smaller = size.0 <= width && size.1 <= height;
    let across = Axis::new(columns, (width, size.0), is_smaller);
    let down = Axis::new(rows, (height, size.1), is_smaller);
    let covered = across.covered();
    let bytes = (region.x as usize + covered.start) * 3..(region.x as usize + covered.end) * 3;
    let mut sums = vec![0.0_f32; bytes.len()];
    for (first, weights) in down.taps() {
        sums.fill(0.0);
        for (line, weight) in (first..).zip(weights) {
            let source = &picture.row(region.y + line as u32)[bytes.clone()];
            for (sum, value) in sums.iter_mut().zip(source) {
                *sum += weight * f32::from(*value);
            }
        }
        for (first, weights) in across.taps() {
            let pixels = &sums[(first - covered.start) * 3..];
            let mut total = [0.0_f32; 3];
            for (pixel, weight) in pixels.as_chunks::<3>().0.iter().zip(weights) {
                for (total, value) in total.iter_mut().zip(pixel) {
                    *total += weight * value;
                }
            }
            // The networks were trained on pictures of whole numbers.
            out.extend(total.map(round));
        }
    }
}

/// Rounds a number from 0 to 2^22 to the nearest whole one, halves to even: beyond 2^23 floats have no fractions. Portable
/// builds would call the mathematics library for `round_ties_even`.
pub(super) fn round(value: f32) -> f32 {
    const FRACTIONLESS: f32 = 8_388_608.0;
    (value + FRACTIONLESS) - FRACTIONLESS
}

/// Which input pixels make up each output pixel along one axis, and with which weights.
struct Axis {
    /// First input pixel and the range of its weights.
    runs: Vec<(usize, Range<usize>)>,
    weights: Vec<f32>,
}

impl Axis {
    fn new(outputs: Range<usize>, (input, output): (usize, usize), is_smaller: bool) -> Self {
        let mut axis = Self { runs: Vec::with_capacity(outputs.len()), weights: Vec::new() };
        let scale = input as f64 / output as f64;
        for index in outputs {
            let start = axis.weights.len();
            let first = if is_smaller {
                axis.push_area(index as f64 * scale, scale, input)
            } else {
                axis.push_blend(index, scale, input)
            };
            axis.runs.push((first, start..axis.weights.len()));
        }
        axis
    }

    /// The pixels under `[low, low + scale)`, each by its share.
    fn push_area(&mut self, low: f64, scale: f64, input: usize) -> usize {
        let high = low + scale;
        let width = scale.min(input as f64 - low);
        let last_whole = (high.floor() as usize).min(input - 1);
        let first_whole = (low.ceil() as usize).min(last_whole);
        let before = first_whole as f64 - low;
        let has_before = before > SHARE_MIN;
        if has_before {
            self.weights.push((before / width) as f32);
        }
        self.weights.extend((first_whole..last_whole).map(|_| (1.0 / width) as f32));
        let after = high - last_whole as f64;
        if after > SHARE_MIN {
            self.weights.push((after.min(1.0).min(width) / width) as f32);
        }
        first_whole - usize::from(has_before)
    }

    /// Enlarging: a pixel, blended with the next one where the output pixel covers both.
    fn push_blend(&mut self, index: usize, scale: f64, input: usize) -> usize {
        let first = ((index as f64 * scale) as usize).min(input - 1);
        let reach = (index + 1) as f64 - (first + 1) as f64 / scale;
        let share = if reach <= 0.0 || first + 1 == input { 0.0 } else { reach.fract() };
        self.weights.push((1.0 - share) as f32);
        if share > 0.0 {
            self.weights.push(share as f32);
        }
        first
    }

    /// All input pixels that are used.
    fn covered(&self) -> Range<usize> {
        let end = |run: &(usize, Range<usize>)| run.0 + run.1.len();
        self.runs.first().map_or(0, |run| run.0)..self.runs.iter().map(end).max().unwrap_or(0)
    }

    fn taps(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.runs.iter().map(|(first, weights)| (*first, &self.weights[weights.clone()]))
    }
}

#[cfg(test)]
mod tests;
