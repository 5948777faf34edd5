//! Squeeze and excitation: each channel times a number that the means of all channels make.

use super::{
    NhwcShape, ShapeMismatch,
    pooling::global_mean,
    vectors::{Loops, run_widest},
};

/// A dense layer on the means: `[inputs, outputs]` and `[outputs]`.
#[derive(Clone, Copy)]
pub(crate) struct Dense<'a> {
    pub(crate) weights: &'a [f32],
    pub(crate) bias: &'a [f32],
}

impl Dense<'_> {
    fn run(self, input: &[f32]) -> Result<Vec<f32>, ShapeMismatch> {
        if self.bias.is_empty() || self.weights.len() != input.len() * self.bias.len() {
            return Err(ShapeMismatch("a dense layer does not fit the channels"));
        }
        let mut sums = self.bias.to_vec();
        for (value, weights) in input.iter().zip(self.weights.chunks_exact(self.bias.len())) {
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
        Ok(sums)
    }
}

/// What the means make of themselves.
#[derive(Clone, Copy)]
pub(crate) struct Gate<'a> {
    /// Rectified.
    pub(crate) first: Dense<'a>,
    /// Times the slope, plus a half, between 0 and 1.
    pub(crate) second: Dense<'a>,
    pub(crate) slope: f32,
    pub(crate) offset: f32,
    /// Whether the input is added to the product.
    pub(crate) is_added: bool,
}

/// Multiplies each channel with its gate, in place.
///
/// # Errors
/// The slices' lengths do not fit the shape.
pub(crate) fn open_gates(values: &mut [f32], shape: NhwcShape, gate: Gate<'_>) -> Result<(), ShapeMismatch> {
    let (means, _) = global_mean(values, shape)?;
    let picture_len = shape.height * shape.width * shape.channels;
    for (picture, means) in values.chunks_exact_mut(picture_len).zip(means.chunks_exact(shape.channels)) {
        let mut hidden = gate.first.run(means)?;
        hidden.iter_mut().for_each(|value| *value = value.max(0.0));
        let mut factors = gate.second.run(&hidden)?;
        if factors.len() != shape.channels {
            return Err(ShapeMismatch("there is not one gate for each channel"));
        }
        let base = if gate.is_added { 1.0 } else { 0.0 };
        for factor in &mut factors {
            *factor = (*factor * gate.slope + gate.offset).clamp(0.0, 1.0) + base;
        }
        run_widest(Product { picture, factors: &factors });
    }
    Ok(())
}

/// Each channel times its factor.
struct Product<'a> {
    picture: &'a mut [f32],
    factors: &'a [f32],
}

impl Loops for Product<'_> {
    #[inline(always)]
    fn run(self) {
        for position in self.picture.chunks_exact_mut(self.factors.len()) {
            for (value, factor) in position.iter_mut().zip(self.factors) {
                *value *= factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_picture_and_channel_has_its_own_gate() {
        let shape = NhwcShape { batch: 2, height: 1, width: 2, channels: 2 };
        let mut values = [1.0, 2.0, 3.0, 4.0, -1.0, 0.0, -3.0, 0.0];
        // The mean of the first channel opens the second one's gate.
        let first = Dense { weights: &[1.0, 0.0], bias: &[0.0] };
        let second = Dense { weights: &[0.0, 1.0], bias: &[0.0, 0.0] };
        let gate = Gate { first, second, slope: 0.1, offset: 0.5, is_added: false };
        open_gates(&mut values, shape, gate).unwrap();
        let expected = [0.5, 1.4, 1.5, 2.8, -0.5, 0.0, -1.5, 0.0];
        assert!(values.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-6), "{values:?}");
        let mut values = [1.0, 2.0, 3.0, 4.0];
        let shape = NhwcShape { batch: 1, ..shape };
        open_gates(&mut values, shape, Gate { is_added: true, ..gate }).unwrap();
        assert!((values[1] - 3.4).abs() < 1e-6, "{values:?}");
        assert!(open_gates(&mut values, shape, Gate { second: first, ..gate }).is_err());
    }
}
