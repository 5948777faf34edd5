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

/// F4: the landmark network's two geometries.
#[test]
fn it_is_a_full_convolution_without_crossing_channels() {
    let geometries = [(1, Padding::AROUND, 7, 5), (2, Padding::AFTER, 8, 6), (2, Padding::NONE, 9, 7)];
    for (stride, padding, height, width) in geometries {
        for rectify in [false, true] {
            let shape = NhwcShape { batch: 2, height, width, channels: 19 };
            let window = Window { height: 3, width: 3, stride, padding };
            let (input, filters) = (numbers(shape.len()), numbers(9 * 19));
            let (out, out_shape) = convolve_depthwise(&input, shape, &filters, window, rectify).unwrap();

            let mut full = vec![0.0; 9 * 19 * 19];
            for (index, weight) in filters.iter().enumerate() {
                full[index * 19 + index % 19] = *weight;
            }
            let input: Vec<f32> = input.iter().map(|x| if rectify { x.max(0.0) } else { *x }).collect();
            let epilogue = Epilogue { bias: &[0.0; 19], residual: None, activation: Activation::Identity };
            let (expected, expected_shape) = convolve(&input, shape, &full, window, epilogue).unwrap();
            assert_eq!(out_shape, expected_shape);
            assert!(out.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-5));
        }
    }
}

#[test]
fn slices_that_do_not_fit_are_refused() {
    let shape = NhwcShape { batch: 1, height: 3, width: 3, channels: 2 };
    let window = Window { height: 3, width: 3, stride: 1, padding: Padding::NONE };
    assert!(convolve_depthwise(&[0.0; 17], shape, &[0.0; 18], window, false).is_err());
    assert!(convolve_depthwise(&[0.0; 18], shape, &[0.0; 17], window, false).is_err());
    assert!(convolve_depthwise(&[0.0; 18], shape, &[0.0; 18], window, false).is_ok());
}
