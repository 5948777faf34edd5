//! Which way the lines of a picture run, and in which order they are read.

use crate::image::{Point, Quad, Turn};

/// A line this much longer than high shows which way text runs.
const LONG: f32 = 2.5;
/// A piece of text less longer than high than this says nothing of its own direction.
const STUBBY: f32 = 1.5;

/// Lines in reading order, each read along the direction of most.
pub(super) struct Arrangement {
    pub(super) quads: Vec<Quad>,
    /// What brings the text upright, unless it stands on its head.
    pub(super) turn: Turn,
    /// Most of the text runs across the picture, not up or down.
    pub(super) is_level: bool,
}

/// Puts lines, which are read to the right or downwards, into reading order.
pub(super) fn arrange(mut quads: Vec<Quad>) -> Arrangement {
    let (mut level, mut steep) = (Point { x: 0.0, y: 0.0 }, Point { x: 0.0, y: 0.0 });
    for quad in quads.iter().filter(|quad| quad.width() >= LONG * quad.height()) {
        let along = extent(quad);
        let sum = if along.y.abs() > along.x.abs() { &mut steep } else { &mut level };
        (sum.x, sum.y) = (sum.x + along.x, sum.y + along.y);
    }
    let is_level = steep.x.hypot(steep.y) <= level.x.hypot(level.y);
    let sum = if is_level { level } else { steep };
    let length = sum.x.hypot(sum.y);
    let direction =
        if length > 0.0 { Point { x: sum.x / length, y: sum.y / length } } else { Point { x: 1.0, y: 0.0 } };
    for quad in &mut quads {
        if quad.width() < STUBBY * quad.height() {
            let ways = [0, 1, 2, 3].map(|quarters| quad.rotated(quarters));
            let best = ways
                .into_iter()
                .max_by(|one, other| dot(extent(one), direction).total_cmp(&dot(extent(other), direction)));
            *quad = best.unwrap_or(*quad);
        }
    }
    sort(&mut quads, direction);
    // What is read downwards stands upright after a quarter against the clock.
    Arrangement { quads, turn: Turn::quarters(if is_level { 0 } else { 3 }), is_level }
}

/// From the middle of the left side to the middle of the right one.
fn extent(quad: &Quad) -> Point {
    let (left, right) = (quad.at(0.0, 0.5), quad.at(1.0, 0.5));
    Point { x: right.x - left.x, y: right.y - left.y }
}

fn dot(one: Point, other: Point) -> f32 {
    one.x * other.x + one.y * other.y
}

/// Row after row, each along the direction.
fn sort(quads: &mut [Quad], direction: Point) {
    let normal = Point { x: -direction.y, y: direction.x };
    let down = |quad: &Quad| dot(quad.centre(), normal);
    quads.sort_by(|one, other| down(one).total_cmp(&down(other)));
    let mut start = 0;
    while let Some(first) = quads.get(start) {
        let lowest = down(first) + first.height() / 2.0;
        let len = quads[start..].iter().take_while(|quad| down(quad) < lowest).count().max(1);
        quads[start..start + len]
            .sort_by(|one, other| dot(one.centre(), direction).total_cmp(&dot(other.centre(), direction)));
        start += len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An upright line by its upper left corner.
    fn line(x: f32, y: f32, width: f32, height: f32) -> Quad {
        let corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
        Quad(corners.map(|(x, y)| Point { x, y }))
    }

    #[test]
    fn rows_are_read_from_above_and_each_from_the_left() {
        let [a, b, c] =
            [line(0.0, 2.0, 60.0, 10.0), line(80.0, 0.0, 60.0, 10.0), line(0.0, 20.0, 60.0, 10.0)];
        let found = arrange(vec![c, b, a]);
        assert!(found.is_level && found.turn.is_none());
        assert_eq!(found.quads, [a, b, c]);
    }

    #[test]
    fn text_that_runs_down_is_read_from_the_right() {
        let downwards = |x: f32, y: f32| line(x, y, 10.0, 60.0).rotated(1);
        let [first, second] = [downwards(40.0, 0.0), downwards(0.0, 0.0)];
        let found = arrange(vec![second, first]);
        assert_eq!((found.turn.degrees(), found.is_level), (270, false));
        assert_eq!(found.quads, [first, second]);
        // A single character is taken along.
        let found = arrange(vec![first, second, line(80.0, 0.0, 10.0, 9.0)]);
        assert_eq!(found.quads[0], line(80.0, 0.0, 10.0, 9.0).rotated(1));
    }
}
