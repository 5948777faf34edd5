//! Depthwise convolution against the full one with a diagonal filter.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::kernels::{
    Padding,
    convolution::{Activation, Epilogue, convolve},
};

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 37 + 11) % 23) as f32 / 11.0 - 1.0).collect()
}

/// F4: the geometries of the landmark network and of those for text.
#[test]
fn it_is_a_full_convolution_without_crossing_channels() {
    let two = Padding { top: 2, left: 2, bottom: 2, right: 2 };
    let geometries = [
        (3, (1, 1), Padding::AROUND, 7, 5),
        (3, (2, 2), Padding::AFTER, 8, 6),
        (3, (2, 2), Padding::NONE, 9, 7),
        (5, (1, 1), two, 6, 9),
        (5, (2, 1), two, 5, 1),
        (5, (1, 2), two, 1, 4),
    ];
    const CHANNELS: usize = 83;
    for (side, stride, padding, height, width) in geometries {
        for rectify in [false, true] {
            let shape = NhwcShape { batch: 2, height, width, channels: CHANNELS };
            let window = Window { height: side, width: side, stride, padding };
            let (input, filters) = (numbers(shape.len()), numbers(side * side * CHANNELS));
            let bias = numbers(CHANNELS);
            let activation = Activation::HardSwish { scale: 0.2, shift: 0.1 };
            let epilogue = Epilogue { bias: &bias, residual: None, activation };
            let (out, out_shape) =
                convolve_depthwise(&input, shape, &filters, window, rectify, epilogue).unwrap();

            let mut full = vec![0.0; filters.len() * CHANNELS];
            for (index, weight) in filters.iter().enumerate() {
                full[index * CHANNELS + index % CHANNELS] = *weight;
            }
            let input: Vec<f32> = input.iter().map(|x| if rectify { x.max(0.0) } else { *x }).collect();
            let (expected, expected_shape) = convolve(&input, shape, &full, window, epilogue).unwrap();
            assert_eq!(out_shape, expected_shape);
            assert!(out.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-5));
        }
    }
}

#[test]
fn slices_that_do_not_fit_are_refused() {
    let shape = NhwcShape { batch: 1, height: 3, width: 3, channels: 2 };
    let window = Window { height: 3, width: 3, stride: (1, 1), padding: Padding::NONE };
    let epilogue = Epilogue { bias: &[0.0; 2], residual: None, activation: Activation::Identity };
    let run = |input: usize, weights: usize, epilogue: Epilogue<'_>| {
        convolve_depthwise(&vec![0.0; input], shape, &vec![0.0; weights], window, false, epilogue).is_ok()
    };
    assert!(run(18, 18, epilogue));
    assert!(!run(17, 18, epilogue) && !run(18, 17, epilogue));
    assert!(!run(18, 18, Epilogue { bias: &[0.0; 1], ..epilogue }));
    assert!(!run(18, 18, Epilogue { residual: Some(&[0.0; 2]), ..epilogue }));
}
