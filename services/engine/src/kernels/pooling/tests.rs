//! Pooling on maps small enough to check by eye.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const fn map(height: usize, width: usize, channels: usize) -> NhwcShape {
    NhwcShape { batch: 1, height, width, channels }
}

/// F4: a window that reaches over the edge counts when rounding up.
#[test]
fn rounding_up_adds_the_partial_windows() {
    let input: Vec<f32> = (1..=20).map(|value| value as f32).collect();
    let (out, shape) = max_pool(&input, map(4, 5, 1), (2, 2), true).unwrap();
    assert_eq!((shape, out), (map(2, 3, 1), vec![7.0, 9.0, 10.0, 17.0, 19.0, 20.0]));
    let (out, shape) = max_pool(&input, map(4, 5, 1), (2, 2), false).unwrap();
    assert_eq!((shape, out), (map(2, 2, 1), vec![7.0, 9.0, 17.0, 19.0]));
}

#[test]
fn windows_overlap_and_channels_stay_apart() {
    let input = [1.0, -1.0, 5.0, -5.0, 2.0, -2.0, 4.0, -4.0, 3.0, -3.0];
    let (out, shape) = max_pool(&input, map(1, 5, 2), (1, 2), false).unwrap();
    assert_eq!((shape, out), (map(1, 3, 2), vec![1.0, -1.0, 2.0, -2.0, 3.0, -3.0]));
    let square: Vec<f32> = (0..25).map(|value| value as f32).collect();
    let (out, shape) = max_pool(&square, map(5, 5, 1), (3, 2), false).unwrap();
    assert_eq!((shape, out), (map(2, 2, 1), vec![12.0, 14.0, 22.0, 24.0]));
}

#[test]
fn halving_takes_whole_windows_only() {
    let input: Vec<f32> = (0..9).map(|value| value as f32).collect();
    assert_eq!(halve(&input, map(3, 3, 1)).unwrap(), (vec![2.0], map(1, 1, 1)));
    assert!(halve(&input[..3], map(1, 3, 1)).is_err());
}

#[test]
fn the_mean_is_taken_for_each_picture_and_channel() {
    let shape = NhwcShape { batch: 2, height: 1, width: 2, channels: 2 };
    let (out, out_shape) = global_mean(&[1.0, 10.0, 3.0, 30.0, 5.0, 50.0, 7.0, 70.0], shape).unwrap();
    assert_eq!(out, [2.0, 20.0, 6.0, 60.0]);
    assert_eq!(out_shape, NhwcShape { batch: 2, height: 1, width: 1, channels: 2 });
}

/// F4: one missing row, column and channel are zeros; the sum is rectified.
#[test]
fn the_smaller_sides_of_a_sum_are_padded_with_zeros() {
    let main = ([10.0, -20.0].as_slice(), map(1, 1, 2));
    let shortcut = ([1.0, 2.0, -3.0, 4.0].as_slice(), map(2, 2, 1));
    let (out, shape) = add_padded(main, shortcut).unwrap();
    assert_eq!((shape, out), (map(2, 2, 2), vec![11.0, 0.0, 2.0, 0.0, 0.0, 0.0, 4.0, 0.0]));
    assert!(add_padded(([0.0; 8].as_slice(), map(2, 2, 2)), ([0.0].as_slice(), map(1, 1, 1))).is_err());
}

#[test]
fn means_of_whole_windows_leave_out_the_rest() {
    let shape = NhwcShape { batch: 2, height: 3, width: 5, channels: 1 };
    let input: Vec<f32> = (0..30_u8).map(f32::from).collect();
    let (means, output) = mean_pool(&input, shape, (2, 2)).unwrap();
    assert_eq!(output, NhwcShape { batch: 2, height: 1, width: 2, channels: 1 });
    assert_eq!(means, [3.0, 5.0, 18.0, 20.0]);
    assert!(mean_pool(&input[1..], shape, (3, 2)).is_err() && mean_pool(&input, shape, (4, 2)).is_err());
}
