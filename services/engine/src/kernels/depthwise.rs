//! Depthwise 3 x 3 convolution: one small filter for each channel, no bias.

use super::{NhwcShape, ShapeMismatch, Window};

/// Filters each channel of `input` on its own with `weights [window height, window width, channels]`.
///
/// With `rectify` the input passes `max(x, 0)` first. Returns the output and its shape.
///
/// # Errors
/// The slices' lengths do not fit the shapes.
pub(crate) fn convolve_depthwise(
    input: &[f32],
    shape: NhwcShape,
    weights: &[f32],
    window: Window,
    rectify: bool,
) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let (height, width) = window.output_size(shape)?;
    let channels = shape.channels;
    if channels == 0 || input.len() != shape.len() || weights.len() != window.height * window.width * channels
    {
        return Err(ShapeMismatch("the input or the weights do not fit their shapes"));
    }
    let output = NhwcShape { height, width, ..shape };
    let floor = if rectify { 0.0 } else { f32::NEG_INFINITY };
    let mut out = vec![0.0_f32; output.len()];
    // The taps of one position that lie in the picture: where the pixel and the filter begin.
    let mut taps = Vec::with_capacity(window.height * window.width);
    for (position, sums) in out.chunks_exact_mut(channels).enumerate() {
        let (line, column) = (position / width, position % width);
        let picture = line / height * shape.height;
        taps.clear();
        for tap in 0..window.height * window.width {
            let y = (line % height * window.stride + tap / window.width).wrapping_sub(window.padding.top);
            let x = (column * window.stride + tap % window.width).wrapping_sub(window.padding.left);
            if y < shape.height && x < shape.width {
                taps.push((((picture + y) * shape.width + x) * channels, tap * channels));
            }
        }
        let (groups, rest) = sums.as_chunks_mut::<GROUP>();
        for (index, group) in groups.iter_mut().enumerate() {
            *group = sum_group(input, weights, &taps, index * GROUP, floor);
        }
        let rest_start = channels - rest.len();
        for (channel, sum) in (rest_start..).zip(rest) {
            let product = |(pixel, filter): &(usize, usize)| {
                input[pixel + channel].max(floor) * weights[filter + channel]
            };
            *sum = taps.iter().map(product).sum();
        }
    }
    Ok((out, output))
}

/// Channels that are summed together in registers.
const GROUP: usize = 16;

fn sum_group(
    input: &[f32],
    weights: &[f32],
    taps: &[(usize, usize)],
    channel: usize,
    floor: f32,
) -> [f32; GROUP] {
    let mut sums = [0.0; GROUP];
    for (pixel, filter) in taps {
        let values = &input[pixel + channel..pixel + channel + GROUP];
        let filter = &weights[filter + channel..filter + channel + GROUP];
        for ((sum, value), weight) in sums.iter_mut().zip(values).zip(filter) {
            // Not `f32::max`, whose care for NaN costs instructions.
            let value = if *value > floor { *value } else { floor };
            *sum += value * weight;
        }
    }
    sums
}

#[cfg(test)]
mod tests;
