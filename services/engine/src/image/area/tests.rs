//! Area resizing: means that can be told by eye, and parts that fit the whole.

use proptest::prelude::*;

use super::*;

fn grey(width: u32, height: u32, value: impl Fn(u32, u32) -> u8) -> Picture {
    let pixels = (0..width * height).flat_map(|index| [value(index % width, index / width); 3]);
    Picture::new(width, height, pixels.collect())
}

fn resize(picture: &Picture, width: usize, height: usize) -> Vec<f32> {
    let mut out = Vec::new();
    shrink(picture, picture.whole(), (width, height), (0..width, 0..height), &mut out);
    out.chunks_exact(3).map(|pixel| pixel[0]).collect()
}

#[test]
fn the_same_size_changes_nothing() {
    let picture = grey(5, 3, |x, y| (x * 40 + y) as u8);
    assert_eq!(
        resize(&picture, 5, 3),
        picture.rgb().chunks_exact(3).map(|pixel| f32::from(pixel[0])).collect::<Vec<_>>()
    );
}

#[test]
fn halving_takes_means_of_four() {
    assert_eq!(resize(&grey(4, 2, |x, y| (x * 10 + y * 100) as u8), 2, 1), [55.0, 75.0]);
}

/// F4: 3 pixels to 2: each output covers one and a half, and means are rounded to whole numbers.
#[test]
fn partly_covered_pixels_count_by_their_share() {
    assert_eq!(resize(&grey(3, 1, |x, _| [0, 90, 240][x as usize]), 2, 1), [30.0, 190.0]);
    assert_eq!(resize(&grey(2, 1, |x, _| [1, 2][x as usize]), 1, 1), [2.0]);
}

#[test]
fn enlarging_repeats_whole_pixels() {
    assert_eq!(resize(&grey(2, 1, |x, _| [10, 20][x as usize]), 4, 1), [10.0, 10.0, 20.0, 20.0]);
    assert_eq!(resize(&grey(1, 1, |_, _| 9), 3, 3), [9.0; 9]);
}

#[test]
fn a_region_is_resized_as_if_it_were_the_picture() {
    let picture = grey(9, 7, |x, y| (x * 13 + y * 29) as u8);
    let region = Region { x: 2, y: 1, width: 5, height: 4 };
    let cut = grey(5, 4, |x, y| ((x + 2) * 13 + (y + 1) * 29) as u8);
    let mut out = Vec::new();
    shrink(&picture, region, (3, 2), (0..3, 0..2), &mut out);
    assert_eq!(out.chunks_exact(3).map(|pixel| pixel[0]).collect::<Vec<_>>(), resize(&cut, 3, 2));
}

proptest! {
    /// F4: tiles of a level are the level; flat pictures stay flat.
    #[test]
    fn a_part_is_cut_from_the_whole(
        (width, height) in (1_u32..40, 1_u32..40),
        (to_width, to_height) in (1_usize..40, 1_usize..40),
        (left, top) in (0.0_f64..1.0, 0.0_f64..1.0),
    ) {
        let picture = grey(width, height, |x, y| (x * 7 + y * 31) as u8);
        let whole = resize(&picture, to_width, to_height);
        let (column, row) = ((left * to_width as f64) as usize, (top * to_height as f64) as usize);
        let mut part = Vec::new();
        shrink(&picture, picture.whole(), (to_width, to_height), (column..to_width, row..to_height), &mut part);
        let expected: Vec<f32> = (row..to_height)
            .flat_map(|y| whole[y * to_width + column..(y + 1) * to_width].to_vec())
            .collect();
        prop_assert_eq!(part.chunks_exact(3).map(|pixel| pixel[0]).collect::<Vec<_>>(), expected);
        let flat = resize(&grey(width, height, |_, _| 77), to_width, to_height);
        prop_assert!(flat.iter().all(|value| *value == 77.0));
    }
}
