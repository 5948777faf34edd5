//! The cascade's geometry on boxes small enough to check by eye.

use super::*;

fn candidate(x0: f32, y0: f32, x1: f32, y1: f32, score: f32) -> Candidate {
    Candidate { bounds: Rectangle { x0, y0, x1, y1 }, score, offsets: [0.0; 4] }
}

#[test]
fn the_better_of_two_overlapping_candidates_stays() {
    let mut found = vec![
        candidate(0.0, 0.0, 10.0, 10.0, 0.8),
        candidate(1.0, 1.0, 11.0, 11.0, 0.9),
        candidate(20.0, 0.0, 30.0, 10.0, 0.7),
    ];
    suppress(&mut found, 0.5, Overlap::Union);
    assert_eq!(found.iter().map(|found| found.score).collect::<Vec<_>>(), [0.9, 0.7]);
}

/// F4: a small box inside a large one shares little of both together, but all of itself.
#[test]
fn a_box_inside_another_is_told_by_the_smaller_area_only() {
    let boxes = [candidate(0.0, 0.0, 100.0, 100.0, 0.9), candidate(40.0, 40.0, 60.0, 60.0, 0.8)];
    let mut by_union = boxes.to_vec();
    suppress(&mut by_union, 0.7, Overlap::Union);
    assert_eq!(by_union.len(), 2);
    let mut by_smaller = boxes.to_vec();
    suppress(&mut by_smaller, 0.7, Overlap::Smaller);
    assert_eq!(by_smaller, boxes[..1]);
}

#[test]
fn squaring_keeps_the_centre() {
    let square = candidate(0.0, 10.0, 20.0, 50.0, 1.0).squared().bounds;
    assert_eq!(square, Rectangle { x0: -10.0, y0: 10.0, x1: 30.0, y1: 50.0 });
}

#[test]
fn offsets_are_in_units_of_the_box() {
    let found = Candidate { offsets: [0.1, 0.2, -0.1, -0.2], ..candidate(0.0, 0.0, 10.0, 20.0, 1.0) };
    let plain = found.regressed_without_border().bounds;
    assert_eq!(plain, Rectangle { x0: 1.0, y0: 4.0, x1: 9.0, y1: 16.0 });
    let with_border = found.regressed().bounds;
    assert!((with_border.x0 - 1.1).abs() < 1e-6 && (with_border.y1 - 15.8).abs() < 1e-5);
}

/// F4: coordinates count from one, as in the original.
#[test]
fn clipping_leaves_what_lies_in_the_picture() {
    let region = candidate(-5.5, 3.9, 8.2, 40.0, 1.0).clipped(100, 20);
    assert_eq!(region, Some(Region { x: 0, y: 2, width: 8, height: 18 }));
    assert_eq!(candidate(-9.0, 0.0, -1.0, 8.0, 1.0).clipped(100, 20), None);
    assert_eq!(candidate(101.0, 1.0, 120.0, 8.0, 1.0).clipped(100, 20), None);
    assert_eq!(candidate(f32::NAN, 1.0, f32::NAN, 8.0, 1.0).clipped(100, 20), None);
}

#[test]
fn only_the_best_candidates_are_kept() {
    let mut found: Vec<Candidate> =
        (0..10).map(|index| candidate(0.0, 0.0, 1.0, 1.0, index as f32)).collect();
    keep_best(&mut found, 3);
    let mut scores: Vec<f32> = found.iter().map(|found| found.score).collect();
    scores.sort_by(f32::total_cmp);
    assert_eq!(scores, [7.0, 8.0, 9.0]);
}
