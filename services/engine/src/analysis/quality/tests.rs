//! Quality of chips made by hand.

use super::*;

fn chip(value: impl Fn(usize, usize) -> u8) -> Picture {
    Picture::new(150, 150, (0..150 * 150).flat_map(|index| [value(index % 150, index / 150); 3]).collect())
}

const BOUNDS: Rectangle = Rectangle { x0: 10.0, y0: 10.0, x1: 50.0, y1: 70.0 };

#[test]
fn a_flat_chip_has_no_sharpness() {
    let quality = assess(&chip(|_, _| 51), &BOUNDS);
    assert!(quality.sharpness < 1e-3);
    assert!((quality.brightness - 0.2).abs() < 1e-4);
    assert!((quality.face_px - 40.0).abs() < 1e-6);
}

#[test]
fn finer_detail_is_sharper() {
    let coarse = assess(&chip(|x, y| if (x / 25 + y / 25) % 2 == 0 { 40 } else { 200 }), &BOUNDS);
    let fine = assess(&chip(|x, y| if (x / 3 + y / 3) % 2 == 0 { 40 } else { 200 }), &BOUNDS);
    assert!(fine.sharpness > 3.0 * coarse.sharpness && coarse.sharpness > 50.0);
}
