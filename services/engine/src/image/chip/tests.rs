//! Cutting chips whose content can be told by eye.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::image::Point;

fn ramp(width: u32, height: u32) -> Picture {
    let pixels = (0..width * height).flat_map(|index| [(index % width) as u8, (index / width) as u8, 100]);
    Picture::new(width, height, pixels.collect())
}

fn mapping(from: [(f32, f32); 2], to: [(f32, f32); 2]) -> Similarity {
    let points = |pairs: [(f32, f32); 2]| pairs.map(|(x, y)| Point { x, y });
    Similarity::fit(&points(from), &points(to)).unwrap()
}

#[test]
fn a_shift_cuts_the_pixels_as_they_are() {
    let shift = mapping([(10.0, 20.0), (11.0, 20.0)], [(0.0, 0.0), (1.0, 0.0)]);
    let chip = cut_chip(&ramp(60, 60), &shift, 8);
    assert_eq!(chip.row(0)[..6], [10, 20, 100, 11, 20, 100]);
    assert_eq!(chip.row(7)[21..], [17, 27, 100]);
}

#[test]
fn a_quarter_turn_swaps_the_axes() {
    // What lies to the right of the point in the picture lies below it in the chip.
    let turn = mapping([(30.0, 30.0), (31.0, 30.0)], [(4.0, 4.0), (4.0, 5.0)]);
    let chip = cut_chip(&ramp(60, 60), &turn, 9);
    assert_eq!(chip.row(4)[12..15], [30, 30, 100]);
    assert_eq!(chip.row(5)[12..15], [31, 30, 100]);
    assert_eq!(chip.row(4)[15..18], [30, 29, 100]);
}

#[test]
fn outside_of_the_picture_is_black() {
    let shift = mapping([(-4.0, 0.0), (-3.0, 0.0)], [(0.0, 0.0), (1.0, 0.0)]);
    let chip = cut_chip(&ramp(60, 60), &shift, 8);
    assert_eq!(chip.row(0)[9..15], [0, 0, 0, 0, 0, 100]);
    let away = mapping([(500.0, 0.0), (501.0, 0.0)], [(0.0, 0.0), (1.0, 0.0)]);
    assert!(cut_chip(&ramp(60, 60), &away, 8).rgb().iter().all(|value| *value == 0));
}

/// F4: one pixel in sixteen is white; sampling alone would hit or miss it, means do not.
#[test]
fn strong_shrinking_averages() {
    let dotted =
        (0..256 * 256).flat_map(|index| [if index % 4 == 0 && index / 256 % 4 == 0 { 255 } else { 0 }; 3]);
    let picture = Picture::new(256, 256, dotted.collect());
    let shrink = mapping([(0.0, 0.0), (256.0, 0.0)], [(0.0, 0.0), (16.0, 0.0)]);
    let chip = cut_chip(&picture, &shrink, 16);
    // The first row and column blend with the black outside.
    for pixel in chip.row(1).chunks_exact(3).chain(chip.row(9).chunks_exact(3)).filter(|pixel| pixel[0] > 10)
    {
        assert!((14..=18).contains(&pixel[0]), "{pixel:?}");
    }
    assert_eq!(chip.row(9).chunks_exact(3).filter(|pixel| pixel[0] > 10).count(), 15);
}
