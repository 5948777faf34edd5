//! Fitting and inverting similarities.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

const POINTS: [(f32, f32); 4] = [(0.0, 0.0), (10.0, 1.0), (3.0, 7.0), (-4.0, 2.0)];

proptest! {
    /// F4: the transform that made the points is found again, and its inverse leads back.
    #[test]
    fn a_transform_is_recovered(
        (a, b) in (-3.0_f64..3.0, -3.0_f64..3.0),
        (dx, dy) in (-100.0_f64..100.0, -100.0_f64..100.0),
    ) {
        prop_assume!(a.hypot(b) > 0.1);
        let made = Similarity { a, b, dx, dy };
        let from = POINTS.map(|(x, y)| Point { x, y });
        let to = from.map(|point| made.apply_to(point));
        let fitted = Similarity::fit(&from, &to).unwrap();
        prop_assert!((fitted.a - a).abs() < 1e-4 && (fitted.b - b).abs() < 1e-4);
        prop_assert!((fitted.dx - dx).abs() < 1e-3 && (fitted.dy - dy).abs() < 1e-3);
        let (x, y) = fitted.apply(5.0, -2.0);
        let (x, y) = fitted.inverse().apply(x, y);
        prop_assert!((x - 5.0).abs() < 1e-9 && (y + 2.0).abs() < 1e-9);
        prop_assert!((fitted.scale() - a.hypot(b)).abs() < 1e-4);
    }
}

/// F4: a mirrored face is turned at best, never flipped.
#[test]
fn mirroring_is_not_fitted() {
    let from = POINTS.map(|(x, y)| Point { x, y });
    let to = from.map(|point| Point { x: -point.x, y: point.y });
    if let Some(fitted) = Similarity::fit(&from, &to) {
        let (x, y) = fitted.apply(10.0, 1.0);
        assert!((x + 10.0).hypot(y - 1.0) > 1.0);
    }
}

#[test]
fn points_without_extent_have_no_transform() {
    let same = [Point { x: 3.0, y: 3.0 }; 5];
    let to = [Point { x: 1.0, y: 2.0 }; 5];
    assert_eq!(Similarity::fit(&same, &to), None);
    assert_eq!(Similarity::fit(&[], &[]), None);
    let broken = [Point { x: f32::NAN, y: 0.0 }, Point { x: 1.0, y: 1.0 }];
    assert_eq!(Similarity::fit(&broken, &to), None);
}
