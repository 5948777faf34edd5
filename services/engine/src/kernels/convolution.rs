//! Convolution as tiles of im2col and matrix product, with bias, residual and activation fused behind.
//!
//! A tile is as many output positions as fit about 64 K floats of im2col, so that tile, weights and result stay
//! in the core's second-level cache.

use std::cell::RefCell;

use super::{
    NhwcShape, ShapeMismatch, Window,
    matmul::multiply,
    vectors::{Loops, run_widest},
};

/// Floats of im2col in one tile: 256 KiB, half of a small second-level cache.
const TILE_LEN: usize = 64 * 1024;

/// Fewest output positions in a tile; below, packing the weights costs more than the product.
const TILE_ROWS_MIN: usize = 64;

/// What happens to a convolution's sums before they are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// Added to each output channel, `[output channels]`.
    pub(crate) bias: &'a [f32],
    /// Added to each output value, in the output's shape.
    pub(crate) residual: Option<&'a [f32]>,
    /// Applied last.
    pub(crate) activation: Activation<'a>,
}

/// The non-linearity behind a convolution.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Activation<'a> {
    /// None.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else `x` times the channel's slope, `[output channels]`.
    Prelu(&'a [f32]),
    /// `x * min(max(x + 3, 0), 6) * scale + shift`.
    HardSwish {
        /// A sixth, times what follows.
        scale: f32,
        /// Zero, plus what follows.
        shift: f32,
    },
}

thread_local! {
    /// Im2col of one tile; kept so that a picture's hundred convolutions do not allocate it anew.
    static TILE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Convolves `input` with `weights [window height, window width, input channels, output channels]`.
///
/// Returns the output, `[batch, output height, output width, output channels]`, and its shape.
///
/// # Errors
/// The slices' lengths do not fit the shapes.
pub(crate) fn convolve(
    input: &[f32],
    shape: NhwcShape,
    weights: &[f32],
    window: Window,
    epilogue: Epilogue<'_>,
) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let (height, width) = window.output_size(shape)?;
    let channels = epilogue.bias.len();
    let output = NhwcShape { batch: shape.batch, height, width, channels };
    let patch_len = window.height * window.width * shape.channels;
    check(input, shape, weights, patch_len, &epilogue, output)?;

    let rows = output.batch * height * width;
    let is_pointwise = window.height == 1
        && window.width == 1
        && window.stride == (1, 1)
        && (height, width) == (shape.height, shape.width);
    let tile_rows = (TILE_LEN / patch_len.max(1)).max(TILE_ROWS_MIN);
    let mut out = vec![0.0; output.len()];
    TILE.with_borrow_mut(|patches| {
        for start in (0..rows).step_by(tile_rows) {
            let count = tile_rows.min(rows - start);
            let left = if is_pointwise {
                &input[start * patch_len..(start + count) * patch_len]
            } else {
                gather(patches, input, shape, window, output, start, count);
                patches.as_slice()
            };
            let tile = start * channels..(start + count) * channels;
            let sums = &mut out[tile.clone()];
            multiply(sums, left, weights, (count, patch_len, channels));
            let residual = epilogue.residual.map(|values| &values[tile]);
            run_widest(Finish { sums, residual, epilogue: &epilogue });
        }
    });
    Ok((out, output))
}

fn check(
    input: &[f32],
    shape: NhwcShape,
    weights: &[f32],
    patch_len: usize,
    epilogue: &Epilogue<'_>,
    output: NhwcShape,
) -> Result<(), ShapeMismatch> {
    if input.len() != shape.len() {
        return Err(ShapeMismatch("the input's length is not its shape's"));
    }
    if output.channels == 0 || weights.len() != patch_len * output.channels {
        return Err(ShapeMismatch("the weights do not fit the window and the channels"));
    }
    if epilogue.residual.is_some_and(|residual| residual.len() != output.len()) {
        return Err(ShapeMismatch("the residual has not the output's shape"));
    }
    match epilogue.activation {
        Activation::Prelu(slopes) if slopes.len() != output.channels => {
            Err(ShapeMismatch("there is not one slope for each output channel"))
        }
        _ => Ok(()),
    }
}

/// Fills `patches [count, window height * window width * channels]` for the output positions from `start` on.
fn gather(
    patches: &mut Vec<f32>,
    input: &[f32],
    shape: NhwcShape,
    window: Window,
    output: NhwcShape,
    start: usize,
    count: usize,
) {
    let run_len = window.width * shape.channels;
    let row_len = shape.width * shape.channels;
    patches.resize(count * window.height * run_len, 0.0);
    let mut column = start % output.width;
    let mut line = start / output.width;
    for patch in patches.chunks_exact_mut(window.height * run_len) {
        let picture = &input[line / output.height * shape.height * row_len..][..shape.height * row_len];
        let top = line % output.height * window.stride.0;
        let left = column * window.stride.1;
        // The part of the window that lies inside the picture, in columns of the window.
        let skip = window.padding.left.saturating_sub(left).min(window.width);
        let end = (shape.width + window.padding.left).saturating_sub(left).clamp(skip, window.width);
        let first = (left + skip).saturating_sub(window.padding.left) * shape.channels;
        for (offset, run) in patch.chunks_exact_mut(run_len).enumerate() {
            let y = (top + offset).wrapping_sub(window.padding.top);
            if y >= shape.height || skip == end {
                run.fill(0.0);
                continue;
            }
            let (skip_len, copied_len) = (skip * shape.channels, (end - skip) * shape.channels);
            run[..skip_len].fill(0.0);
            run[skip_len..skip_len + copied_len]
                .copy_from_slice(&picture[y * row_len + first..][..copied_len]);
            run[skip_len + copied_len..].fill(0.0);
        }
        column += 1;
        if column == output.width {
            column = 0;
            line += 1;
        }
    }
}

/// Adds bias and residual to whole rows of sums, and applies the activation.
pub(super) struct Finish<'a> {
    pub(super) sums: &'a mut [f32],
    pub(super) residual: Option<&'a [f32]>,
    pub(super) epilogue: &'a Epilogue<'a>,
}

impl Loops for Finish<'_> {
    #[inline(always)]
    fn run(self) {
        let Finish { sums, residual, epilogue } = self;
        let bias = epilogue.bias;
        if let Some(residual) = residual {
            for (sum, value) in sums.iter_mut().zip(residual) {
                *sum += value;
            }
        }
        for row in sums.chunks_exact_mut(bias.len()) {
            match epilogue.activation {
                Activation::Identity => {
                    for (x, b) in row.iter_mut().zip(bias) {
                        *x += b;
                    }
                }
                Activation::Relu => {
                    for (x, b) in row.iter_mut().zip(bias) {
                        *x = (*x + b).max(0.0);
                    }
                }
                Activation::Prelu(slopes) => {
                    for ((x, b), slope) in row.iter_mut().zip(bias).zip(slopes) {
                        *x = prelu(*x + b, *slope);
                    }
                }
                Activation::HardSwish { scale, shift } => {
                    for (x, b) in row.iter_mut().zip(bias) {
                        *x = hard_swish(*x + b, scale, shift);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn hard_swish(x: f32, scale: f32, shift: f32) -> f32 {
    x * (x + 3.0).clamp(0.0, 6.0) * scale + shift
}

#[inline(always)]
fn prelu(x: f32, slope: f32) -> f32 {
    x.max(0.0) + slope * x.min(0.0)
}

#[cfg(test)]
mod tests;
