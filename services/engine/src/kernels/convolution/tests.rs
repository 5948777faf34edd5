//! The tiled convolution against the definition.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::kernels::Padding;

/// The definition, one sum after the other.
fn convolve_naively(
    input: &[f32],
    shape: NhwcShape,
    weights: &[f32],
    window: Window,
    epilogue: &Epilogue<'_>,
) -> Vec<f32> {
    let (height, width) = window.output_size(shape).unwrap();
    let channels = epilogue.bias.len();
    let mut out = Vec::new();
    for index in 0..shape.batch * height * width * channels {
        let channel = index % channels;
        let x = index / channels % width;
        let y = index / channels / width % height;
        let picture = index / channels / width / height;
        let mut sum = epilogue.bias[channel];
        for tap in 0..window.height * window.width * shape.channels {
            let from = tap % shape.channels;
            let column = (x * window.stride.1 + tap / shape.channels % window.width) as isize
                - window.padding.left as isize;
            let row = (y * window.stride.0 + tap / shape.channels / window.width) as isize
                - window.padding.top as isize;
            if (0..shape.height as isize).contains(&row) && (0..shape.width as isize).contains(&column) {
                let place = ((picture * shape.height + row as usize) * shape.width + column as usize)
                    * shape.channels;
                sum += input[place + from] * weights[tap * channels + channel];
            }
        }
        sum += epilogue.residual.map_or(0.0, |residual| residual[index]);
        out.push(match epilogue.activation {
            Activation::Identity => sum,
            Activation::Relu => sum.max(0.0),
            Activation::Prelu(slopes) if sum < 0.0 => sum * slopes[channel],
            Activation::Prelu(_) => sum,
            Activation::HardSwish { scale, shift } => sum * (sum + 3.0).clamp(0.0, 6.0) * scale + shift,
        });
    }
    out
}

/// Numbers that look random and depend on nothing but the seed.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    })
    .take(count)
    .collect()
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (index, (one, other)) in found.iter().zip(expected).enumerate() {
        assert!((one - other).abs() <= 1e-4 * other.abs().max(1.0), "at {index}: {one} for {other}");
    }
}

proptest! {
    /// F4: whatever the window, stride, padding, sizes and epilogue.
    #[test]
    fn any_geometry_agrees_with_the_definition(
        (batch, channels, outputs) in (1_usize..3, 1_usize..6, 1_usize..20),
        (height, width) in (1_usize..14, 1_usize..14),
        (window_height, window_width, down, across) in (1_usize..5, 1_usize..5, 1_usize..4, 1_usize..4),
        (top, left, bottom, right) in (0_usize..3, 0_usize..3, 0_usize..3, 0_usize..3),
        (kind, has_residual, seed) in (0_u8..4, any::<bool>(), any::<u32>()),
    ) {
        let shape = NhwcShape { batch, height, width, channels };
        let padding = Padding { top, left, bottom, right };
        let window = Window { height: window_height, width: window_width, stride: (down, across), padding };
        prop_assume!(window.output_size(shape).is_ok());
        let (out_height, out_width) = window.output_size(shape).unwrap();
        let input = numbers(shape.len(), seed);
        let weights = numbers(window_height * window_width * channels * outputs, seed ^ 0xABCD);
        let (bias, slopes) = (numbers(outputs, seed ^ 1), numbers(outputs, seed ^ 2));
        let residual = numbers(batch * out_height * out_width * outputs, seed ^ 3);
        let activation = match kind {
            0 => Activation::Identity,
            1 => Activation::Relu,
            2 => Activation::HardSwish { scale: 0.3, shift: -0.2 },
            _ => Activation::Prelu(&slopes),
        };
        let epilogue = Epilogue { bias: &bias, residual: has_residual.then_some(residual.as_slice()), activation };
        let (out, out_shape) = convolve(&input, shape, &weights, window, epilogue).unwrap();
        prop_assert_eq!(out_shape, NhwcShape { batch, height: out_height, width: out_width, channels: outputs });
        assert_close(&out, &convolve_naively(&input, shape, &weights, window, &epilogue));
    }
}

/// F4: a map of several tiles has no seams.
#[test]
fn several_tiles_agree_with_the_definition() {
    let shape = NhwcShape { batch: 2, height: 61, width: 67, channels: 16 };
    let window = Window { height: 3, width: 3, stride: (1, 1), padding: Padding::AROUND };
    let (input, weights, bias) = (numbers(shape.len(), 7), numbers(9 * 16 * 8, 8), numbers(8, 9));
    assert!(shape.batch * shape.height * shape.width * 9 * 16 > 10 * TILE_LEN);
    let epilogue = Epilogue { bias: &bias, residual: None, activation: Activation::Relu };
    let (out, _) = convolve(&input, shape, &weights, window, epilogue).unwrap();
    assert_close(&out, &convolve_naively(&input, shape, &weights, window, &epilogue));
}

/// F4: what does not fit is an error, not a panic inside a worker.
#[test]
fn slices_that_do_not_fit_are_refused() {
    let shape = NhwcShape { batch: 1, height: 4, width: 4, channels: 2 };
    let window = Window { height: 3, width: 3, stride: (1, 1), padding: Padding::NONE };
    let (input, weights, bias) = (vec![0.0; 32], vec![0.0; 54], vec![0.0; 3]);
    let plain = Epilogue { bias: &bias, residual: None, activation: Activation::Identity };
    assert!(convolve(&input, shape, &weights, window, plain).is_ok());
    assert!(convolve(&input[1..], shape, &weights, window, plain).is_err());
    assert!(convolve(&input, shape, &weights[1..], window, plain).is_err());
    let residual = [0.0; 5];
    let with_residual = Epilogue { residual: Some(&residual), ..plain };
    assert!(convolve(&input, shape, &weights, window, with_residual).is_err());
    let with_slopes = Epilogue { activation: Activation::Prelu(&residual), ..plain };
    assert!(convolve(&input, shape, &weights, window, with_slopes).is_err());
    let larger = Window { height: 5, ..window };
    assert!(convolve(&input, shape, &weights, larger, plain).is_err());
}
