//! The eight orientations against the image crate's own, slower way.

#![allow(clippy::unwrap_used, reason = "tests")]

use image::{DynamicImage, RgbImage};

use super::*;

/// F4: for every value of the tag, also where blocks of the transposition are partial.
#[test]
fn every_orientation_is_applied() {
    for (width, height) in [(1, 1), (2, 3), (70, 33)] {
        let rgb: Vec<u8> = (0..width * height * 3).map(|index| (index % 251) as u8).collect();
        for tag in 1..=8 {
            let orientation = Orientation::from_exif(tag).unwrap();
            let mut expected =
                DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, rgb.clone()).unwrap());
            expected.apply_orientation(orientation);
            let (found_width, found_height, found) = turn_upright((width, height), rgb.clone(), orientation);
            assert_eq!((found_width, found_height), (expected.width(), expected.height()), "tag {tag}");
            assert_eq!(found, expected.into_rgb8().into_raw(), "tag {tag}, {width} x {height}");
        }
    }
}
