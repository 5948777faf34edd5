//! What becomes of the network's map, and how large its input is.

use super::*;

/// A map with a line of this length and height about a centre, turned.
fn map_with_line(degrees: f32) -> Map {
    let (width, height) = (320, 256);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let value = |index: usize| {
        let (x, y) = ((index % width) as f32 - 160.0, (index / width) as f32 - 128.0);
        let (along, across) = (x * cos + y * sin, y * cos - x * sin);
        if along.abs() <= 90.0 && across.abs() <= 6.0 { 0.9 } else { 0.0 }
    };
    Map { width, height, values: (0..width * height).map(value).collect() }
}

#[test]
fn a_turned_line_is_found_with_its_direction_and_grown() {
    for degrees in [0.0, 7.0, -20.0, 40.0] {
        let found = map_with_line(degrees).rectangles();
        assert_eq!(found.len(), 1, "{degrees}");
        let quad = Quad(found[0].corners());
        // 180 by 12 and a pixel of closing, grown by its area times 1.6 over its perimeter.
        let by = 180.0 * 12.0 * 1.6 / 384.0;
        assert!((quad.width() - 180.0 - 2.0 * by).abs() < 5.0, "{degrees}: {}", quad.width());
        assert!((quad.height() - 12.0 - 2.0 * by).abs() < 5.0, "{degrees}: {}", quad.height());
        let [left, right, ..] = quad.0;
        let angle = (right.y - left.y).atan2(right.x - left.x).to_degrees();
        assert!((angle - degrees).abs() < 1.5, "{degrees}: {angle}");
    }
}

#[test]
fn faint_and_tiny_spots_are_no_text() {
    let faint =
        |x: usize, y: usize| if (10..60).contains(&x) && (10..20).contains(&y) { 0.4_f32 } else { 0.0 };
    let tiny =
        |x: usize, y: usize| if (10..12).contains(&x) && (10..12).contains(&y) { 0.99_f32 } else { 0.0 };
    for value in [&faint as &dyn Fn(usize, usize) -> f32, &tiny] {
        let values = (0..100 * 50).map(|index| value(index % 100, index / 100)).collect();
        assert_eq!(Map { width: 100, height: 50, values }.rectangles().len(), 0);
    }
}

#[test]
fn the_input_is_bounded_whatever_the_picture() {
    for (width, height) in [(1, 1), (640, 480), (50_000, 1000), (65_535, 1), (7000, 7000), (1, 65_535)] {
        let (wide, high) = input_size(width, height);
        assert_eq!((wide % 32, high % 32), (0, 0));
        assert!(
            wide >= 32 && high >= 32 && wide.max(high) <= 2560 && wide * high <= 1_000_000,
            "{wide} x {high}"
        );
    }
    assert_eq!(input_size(1000, 700), (1056, 736));
    assert_eq!(input_size(1400, 1000), (1120, 800));
}
