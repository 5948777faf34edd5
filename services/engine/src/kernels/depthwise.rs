//! Depthwise convolution: one small filter for each channel, with bias and activation fused behind.

use super::{
    NhwcShape, ShapeMismatch, Window,
    convolution::{Epilogue, Finish},
    vectors::{Loops, run_widest},
};

/// Filters each channel of `input` on its own with `weights [window height, window width, channels]`.
///
/// With `rectify` the input passes `max(x, 0)` first. Returns the output and its shape.
///
/// # Errors
/// The slices' lengths do not fit the shapes, or the epilogue adds a residual.
pub(crate) fn convolve_depthwise(
    input: &[f32],
    shape: NhwcShape,
    weights: &[f32],
    window: Window,
    rectify: bool,
    epilogue: Epilogue<'_>,
) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
    let (height, width) = window.output_size(shape)?;
    let channels = shape.channels;
    if channels == 0
        || input.len() != shape.len()
        || weights.len() != window.height * window.width * channels
        || epilogue.bias.len() != channels
        || epilogue.residual.is_some()
    {
        return Err(ShapeMismatch("the input or the weights do not fit their shapes"));
    }
    let output = NhwcShape { height, width, ..shape };
    let mut out = vec![0.0_f32; output.len()];
    let mut taps = Taps::new(window, shape);
    for (line, row) in out.chunks_exact_mut(width * channels).enumerate() {
        let picture = &input[line / height * shape.height * shape.width * channels..]
            [..shape.height * shape.width * channels];
        taps.enter_row(line % height);
        run_widest(Row { sums: row, picture, weights, taps: &mut taps, rectify, epilogue: &epilogue });
    }
    Ok((out, output))
}

/// One row of the output.
struct Row<'a> {
    sums: &'a mut [f32],
    picture: &'a [f32],
    weights: &'a [f32],
    taps: &'a mut Taps,
    rectify: bool,
    epilogue: &'a Epilogue<'a>,
}

impl Loops for Row<'_> {
    #[inline(always)]
    fn run(self) {
        let Row { sums, picture, weights, taps, rectify, epilogue } = self;
        for (column, sums) in sums.chunks_exact_mut(epilogue.bias.len()).enumerate() {
            let (start, taps) = taps.at(column);
            let pixels = picture.get(start..).unwrap_or_default();
            if rectify {
                filter::<true>(sums, pixels, weights, taps);
            } else {
                filter::<false>(sums, pixels, weights, taps);
            }
        }
        Finish { sums, residual: None, epilogue }.run();
    }
}

/// One place of the window: where its pixel and its weights begin.
#[derive(Clone, Copy)]
struct Tap {
    pixel: usize,
    weight: usize,
}

/// The taps of a window that lie in the picture, for one output row after the other.
struct Taps {
    window: Window,
    shape: NhwcShape,
    /// Those of a position whose whole width lies in the picture, from its first column.
    whole: Vec<Tap>,
    /// Those of another position.
    cut: Vec<Tap>,
    /// The first line of the picture and the lines of the window that lie in it.
    top: usize,
    lines: std::ops::Range<usize>,
}

impl Taps {
    fn new(window: Window, shape: NhwcShape) -> Self {
        Self { window, shape, whole: Vec::new(), cut: Vec::new(), top: 0, lines: 0..0 }
    }

    fn enter_row(&mut self, line: usize) {
        let Window { height, padding, stride, .. } = self.window;
        let top = line * stride.0;
        let first = padding.top.saturating_sub(top).min(height);
        let end = (self.shape.height + padding.top).saturating_sub(top).clamp(first, height);
        self.lines = first..end;
        self.top = (top + first).saturating_sub(padding.top);
        self.whole.clear();
        push(&mut self.whole, self.window, self.shape, self.lines.clone(), 0..self.window.width);
    }

    /// Where the picture's part under the window begins, and the taps from there.
    #[inline(always)]
    fn at(&mut self, column: usize) -> (usize, &[Tap]) {
        let Window { width, padding, stride, .. } = self.window;
        let left = column * stride.1;
        let row = self.top * self.shape.width;
        if left >= padding.left && left + width <= self.shape.width + padding.left {
            return ((row + left - padding.left) * self.shape.channels, &self.whole);
        }
        let first = padding.left.saturating_sub(left).min(width);
        let end = (self.shape.width + padding.left).saturating_sub(left).clamp(first, width);
        self.cut.clear();
        push(&mut self.cut, self.window, self.shape, self.lines.clone(), first..end);
        let start = if first == end { 0 } else { left + first - padding.left };
        ((row + start) * self.shape.channels, &self.cut)
    }
}

/// The taps of some lines and columns of the window, the first of them at the beginning.
fn push(
    taps: &mut Vec<Tap>,
    window: Window,
    shape: NhwcShape,
    lines: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) {
    for (down, line) in lines.enumerate() {
        taps.extend(columns.clone().enumerate().map(|(right, column)| Tap {
            pixel: (down * shape.width + right) * shape.channels,
            weight: (line * window.width + column) * shape.channels,
        }));
    }
}

/// Channels that are summed together in registers.
const WIDE: usize = 64;
const NARROW: usize = 16;

#[inline(always)]
fn filter<const RECTIFY: bool>(sums: &mut [f32], pixels: &[f32], weights: &[f32], taps: &[Tap]) {
    let mut channel = 0;
    let (wide, rest) = sums.as_chunks_mut::<WIDE>();
    for group in wide {
        *group = sum_group::<RECTIFY, WIDE>(pixels, weights, taps, channel);
        channel += WIDE;
    }
    let (narrow, rest) = rest.as_chunks_mut::<NARROW>();
    for group in narrow {
        *group = sum_group::<RECTIFY, NARROW>(pixels, weights, taps, channel);
        channel += NARROW;
    }
    for sum in rest {
        *sum = sum_group::<RECTIFY, 1>(pixels, weights, taps, channel)[0];
        channel += 1;
    }
}

#[inline(always)]
fn sum_group<const RECTIFY: bool, const LEN: usize>(
    pixels: &[f32],
    weights: &[f32],
    taps: &[Tap],
    channel: usize,
) -> [f32; LEN] {
    let mut sums = [0.0; LEN];
    for tap in taps {
        let values = &pixels[tap.pixel + channel..][..LEN];
        let filter = &weights[tap.weight + channel..][..LEN];
        for ((sum, value), weight) in sums.iter_mut().zip(values).zip(filter) {
            // Not `f32::max`, whose care for NaN costs instructions.
            let value = if RECTIFY && *value <= 0.0 { 0.0 } else { *value };
            *sum += value * weight;
        }
    }
    sums
}

#[cfg(test)]
mod tests;
