//! Putting maps together: sums and joins of maps of which some are enlarged, and positions made of channels.

use super::{
    NhwcShape, ShapeMismatch,
    vectors::{Loops, run_widest},
};

/// A map that counts as `factor` times as high and wide, each of its positions repeated.
#[derive(Clone, Copy)]
pub(crate) struct Enlarged<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) shape: NhwcShape,
    pub(crate) factor: usize,
}

impl Enlarged<'_> {
    fn shape(&self) -> NhwcShape {
        let NhwcShape { height, width, .. } = self.shape;
        NhwcShape { height: height * self.factor, width: width * self.factor, ..self.shape }
    }

    /// The channels at a position of the enlarged map, of all pictures below each other.
    #[inline(always)]
    fn at(&self, line: usize, column: usize) -> &[f32] {
        let channels = self.shape.channels;
        let position = line / self.factor * self.shape.width + column / self.factor;
        &self.values[position * channels..][..channels]
    }
}

/// The sum of two maps.
///
/// # Errors
/// A slice's length is not its shape's, or the sizes differ.
pub(crate) fn add(one: Enlarged<'_>, other: Enlarged<'_>) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let output = one.shape();
    check(&[one, other])?;
    if other.shape() != output {
        return Err(ShapeMismatch("the two sides of a sum have other sizes"));
    }
    let mut out = vec![0.0; output.len()];
    run_widest(Sum { out: &mut out, shape: output, one, other });
    Ok((out, output))
}

struct Sum<'a> {
    out: &'a mut [f32],
    shape: NhwcShape,
    one: Enlarged<'a>,
    other: Enlarged<'a>,
}

impl Loops for Sum<'_> {
    #[inline(always)]
    fn run(self) {
        let NhwcShape { width, channels, .. } = self.shape;
        for (line, row) in self.out.chunks_exact_mut(width * channels).enumerate() {
            for (column, sums) in row.chunks_exact_mut(channels).enumerate() {
                let values = self.one.at(line, column).iter().zip(self.other.at(line, column));
                for (sum, (one, other)) in sums.iter_mut().zip(values) {
                    *sum = one + other;
                }
            }
        }
    }
}

/// The channels of maps of one size, behind each other.
///
/// # Errors
/// A slice's length is not its shape's, the sizes differ, or there is no map.
pub(crate) fn join(maps: &[Enlarged<'_>]) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    check(maps)?;
    let first = maps.first().ok_or(ShapeMismatch("there is nothing to join"))?.shape();
    let channels = maps.iter().map(|map| map.shape.channels).sum();
    if maps.iter().any(|map| NhwcShape { channels: first.channels, ..map.shape() } != first) {
        return Err(ShapeMismatch("maps to be joined have other sizes"));
    }
    let output = NhwcShape { channels, ..first };
    let mut out = Vec::with_capacity(output.len());
    for line in 0..output.batch * output.height {
        for column in 0..output.width {
            maps.iter().for_each(|map| out.extend_from_slice(map.at(line, column)));
        }
    }
    Ok((out, output))
}

/// Each position as two by two, its channels as theirs: upper left, upper right, lower left, lower right.
///
/// # Errors
/// The slice's length is not its shape's, or the channels cannot be parted.
pub(crate) fn unfold(input: &[f32], shape: NhwcShape) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let channels = shape.channels / 4;
    if input.len() != shape.len() || channels * 4 != shape.channels || input.is_empty() {
        return Err(ShapeMismatch("the channels cannot be parted"));
    }
    let output = NhwcShape { batch: shape.batch, height: shape.height * 2, width: shape.width * 2, channels };
    let mut out = Vec::with_capacity(output.len());
    for row in input.chunks_exact(shape.width * shape.channels) {
        for half in 0..2 {
            let parts = row.chunks_exact(shape.channels);
            parts.for_each(|part| out.extend_from_slice(&part[half * 2 * channels..][..2 * channels]));
        }
    }
    Ok((out, output))
}

fn check(maps: &[Enlarged<'_>]) -> Result<(), ShapeMismatch> {
    let is_right = |map: &Enlarged<'_>| map.values.len() == map.shape.len() && map.factor > 0;
    if maps.iter().all(is_right) && maps.iter().all(|map| !map.values.is_empty()) {
        return Ok(());
    }
    Err(ShapeMismatch("a map's length is not its shape's"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const SMALL: NhwcShape = NhwcShape { batch: 2, height: 1, width: 2, channels: 1 };
    const LARGE: NhwcShape = NhwcShape { batch: 2, height: 2, width: 4, channels: 1 };

    #[test]
    fn a_sum_repeats_the_positions_of_the_smaller_map() {
        let large: Vec<f32> = (0..16_u8).map(f32::from).collect();
        let one = Enlarged { values: &large, shape: LARGE, factor: 1 };
        let other = Enlarged { values: &[0.0, 100.0, 200.0, 300.0], shape: SMALL, factor: 2 };
        let (sum, shape) = add(one, other).unwrap();
        assert_eq!(shape, LARGE);
        assert_eq!(sum[..8], [0.0, 1.0, 102.0, 103.0, 4.0, 5.0, 106.0, 107.0]);
        assert_eq!(sum[8..12], [208.0, 209.0, 310.0, 311.0]);
        assert!(add(one, Enlarged { factor: 1, ..other }).is_err());
        assert!(add(Enlarged { values: &large[1..], ..one }, other).is_err());
    }

    #[test]
    fn joined_maps_have_all_channels() {
        let large: Vec<f32> = (0..16_u8).map(f32::from).collect();
        let one = Enlarged { values: &large, shape: LARGE, factor: 1 };
        let other = Enlarged { values: &[0.0, 100.0, 200.0, 300.0], shape: SMALL, factor: 2 };
        let (joined, shape) = join(&[other, one]).unwrap();
        assert_eq!(shape, NhwcShape { channels: 2, ..LARGE });
        assert_eq!(joined[..6], [0.0, 0.0, 0.0, 1.0, 100.0, 2.0]);
        assert!(join(&[]).is_err() && join(&[one, Enlarged { factor: 1, ..other }]).is_err());
    }

    #[test]
    fn channels_become_two_by_two_positions() {
        let shape = NhwcShape { batch: 1, height: 1, width: 2, channels: 4 };
        let (out, shape) = unfold(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], shape).unwrap();
        assert_eq!(shape, NhwcShape { batch: 1, height: 2, width: 4, channels: 1 });
        assert_eq!(out, [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
        assert!(unfold(&[0.0; 3], NhwcShape { channels: 3, ..SMALL }).is_err());
    }
}
