//! Maximum and mean over windows, and the sum at the end of a down-sampling block.

use super::{NhwcShape, Padding, ShapeMismatch, Window};

/// Largest value in each `size` x `size` window; with `ceil` a window may reach over the edge.
///
/// # Errors
/// The input's length is not its shape's, or it is smaller than one window.
pub(crate) fn max_pool(
    input: &[f32],
    shape: NhwcShape,
    (size, stride): (usize, usize),
    ceil: bool,
) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let output = pooled(input, shape, (size, stride), ceil)?;
    let channels = shape.channels;
    let mut out = vec![f32::NEG_INFINITY; output.len()];
    for_each_tap(shape, output, (size, stride), |to, from| {
        for (best, value) in out[to..to + channels].iter_mut().zip(&input[from..from + channels]) {
            *best = best.max(*value);
        }
    });
    Ok((out, output))
}

/// Mean of each whole 2 x 2 window, stride 2: the shortcut of a down-sampling block.
///
/// # Errors
/// The input's length is not its shape's, or it is smaller than one window.
pub(crate) fn halve(input: &[f32], shape: NhwcShape) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let output = pooled(input, shape, (2, 2), false)?;
    let channels = shape.channels;
    let mut out = vec![0.0_f32; output.len()];
    for_each_tap(shape, output, (2, 2), |to, from| {
        for (sum, value) in out[to..to + channels].iter_mut().zip(&input[from..from + channels]) {
            *sum += 0.25 * value;
        }
    });
    Ok((out, output))
}

/// Mean of each whole window of this height and width, which touch each other.
///
/// # Errors
/// The input's length is not its shape's, or it is smaller than one window.
pub(crate) fn mean_pool(
    input: &[f32],
    shape: NhwcShape,
    (height, width): (usize, usize),
) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let window = Window { height, width, stride: (height, width), padding: Padding::NONE };
    let (lines, columns) = window.output_size(shape)?;
    let channels = shape.channels;
    let output = NhwcShape { height: lines, width: columns, ..shape };
    if input.len() != shape.len() || output.len() == 0 {
        return Err(ShapeMismatch("the input's length is not its shape's"));
    }
    let share = 1.0 / (height * width) as f32;
    let mut out = vec![0.0_f32; output.len()];
    for (position, means) in out.chunks_exact_mut(channels).enumerate() {
        let (line, left) = (position / columns, position % columns * width);
        let top = line / lines * shape.height + line % lines * height;
        for y in top..top + height {
            let run = &input[(y * shape.width + left) * channels..][..width * channels];
            for pixel in run.chunks_exact(channels) {
                means.iter_mut().zip(pixel).for_each(|(mean, value)| *mean += share * value);
            }
        }
    }
    Ok((out, output))
}

/// Mean of each feature map: `[batch, 1, 1, channels]`.
///
/// # Errors
/// The input's length is not its shape's, or it is empty.
pub(crate) fn global_mean(input: &[f32], shape: NhwcShape) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let positions = shape.height * shape.width;
    if input.len() != shape.len() || input.is_empty() {
        return Err(ShapeMismatch("the input's length is not its shape's"));
    }
    let output = NhwcShape { height: 1, width: 1, ..shape };
    let mut out = vec![0.0_f32; output.len()];
    let share = 1.0 / positions as f32;
    for (picture, means) in
        input.chunks_exact(positions * shape.channels).zip(out.chunks_exact_mut(shape.channels))
    {
        for pixel in picture.chunks_exact(shape.channels) {
            for (mean, value) in means.iter_mut().zip(pixel) {
                *mean += share * value;
            }
        }
    }
    Ok((out, output))
}

/// `relu(main + shortcut)`, both padded with zeros to the larger size: `main` below and to the right, `shortcut` in its channels.
///
/// # Errors
/// The batches differ, or a side is larger where it may not be.
pub(crate) fn add_padded(
    (main, main_shape): (&[f32], NhwcShape),
    (shortcut, shortcut_shape): (&[f32], NhwcShape),
) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let output = NhwcShape { channels: main_shape.channels, ..shortcut_shape };
    if main.len() != main_shape.len()
        || shortcut.len() != shortcut_shape.len()
        || main_shape.batch != output.batch
        || main_shape.height > output.height
        || main_shape.width > output.width
        || shortcut_shape.channels > output.channels
        || shortcut.is_empty()
    {
        return Err(ShapeMismatch("the two sides of a down-sampling block do not fit"));
    }
    let mut out = vec![0.0_f32; output.len()];
    let positions = out.chunks_exact_mut(output.channels).zip(shortcut.chunks_exact(shortcut_shape.channels));
    for (position, (sums, shortcut)) in positions.enumerate() {
        sums[..shortcut.len()].copy_from_slice(shortcut);
        let (line, x) = (position / output.width, position % output.width);
        let (picture, y) = (line / output.height, line % output.height);
        if y < main_shape.height && x < main_shape.width {
            let from = ((picture * main_shape.height + y) * main_shape.width + x) * output.channels;
            for (sum, value) in sums.iter_mut().zip(&main[from..from + output.channels]) {
                *sum += value;
            }
        }
        for sum in sums {
            *sum = sum.max(0.0);
        }
    }
    Ok((out, output))
}

fn pooled(
    input: &[f32],
    shape: NhwcShape,
    (size, stride): (usize, usize),
    ceil: bool,
) -> Result<NhwcShape, ShapeMismatch> {
    if input.len() != shape.len() || shape.height < size || shape.width < size || stride == 0 {
        return Err(ShapeMismatch("the input does not fit its shape or the window"));
    }
    let count = |side: usize| {
        let covered = side - size;
        if ceil { covered.div_ceil(stride) + 1 } else { covered / stride + 1 }
    };
    Ok(NhwcShape { height: count(shape.height), width: count(shape.width), ..shape })
}

/// Calls `visit(offset in the output, offset in the input)` for every position inside every window.
fn for_each_tap(
    shape: NhwcShape,
    output: NhwcShape,
    (size, stride): (usize, usize),
    mut visit: impl FnMut(usize, usize),
) {
    for line in 0..output.batch * output.height {
        let (picture, top) = (line / output.height, line % output.height * stride);
        for column in 0..output.width {
            let left = column * stride;
            let to = (line * output.width + column) * shape.channels;
            for y in top..(top + size).min(shape.height) {
                let row = (picture * shape.height + y) * shape.width;
                for x in left..(left + size).min(shape.width) {
                    visit(to, (row + x) * shape.channels);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
