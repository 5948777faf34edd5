//! One pixel of each layout.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn wide(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// F4: transparency lies on black; 16 bits are rounded.
#[test]
fn every_layout_becomes_rgb() {
    let cases = [
        (ColorType::L8, vec![7, 9], vec![7, 7, 7, 9, 9, 9]),
        (ColorType::La8, vec![200, 255, 200, 0], vec![200, 200, 200, 0, 0, 0]),
        (ColorType::Rgb8, vec![1, 2, 3], vec![1, 2, 3]),
        (ColorType::Rgba8, vec![100, 200, 50, 255, 100, 200, 50, 51], vec![100, 200, 50, 20, 40, 10]),
        (ColorType::L16, wide(&[0x8080]), vec![128; 3]),
        (ColorType::La16, wide(&[0xFFFF, 0xFFFF, 0xFFFF, 0]), vec![255, 255, 255, 0, 0, 0]),
        (ColorType::Rgb16, wide(&[0, 257, 65535, 128, 129, 65407]), vec![0, 1, 255, 0, 1, 255]),
        (ColorType::Rgba16, wide(&[65535, 257, 0, 65535, 65535, 65535, 65535, 0]), vec![255, 1, 0, 0, 0, 0]),
    ];
    for (color, pixels, expected) in cases {
        assert_eq!(convert_to_rgb(pixels, color).unwrap(), expected, "{color:?}");
    }
}

#[test]
fn a_layout_of_floats_is_refused() {
    assert!(convert_to_rgb(vec![0; 12], ColorType::Rgb32F).is_err());
}
