//! The smallest rectangle around points, turned as it may be.

use crate::image::Point;

/// A turned rectangle; its direction is that of its longer side, to the right or (where that is steep) downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rectangle {
    centre: Point,
    /// Of length 1.
    direction: Point,
    half_width: f32,
    half_height: f32,
}

impl Rectangle {
    /// The rectangle of least area around a convex outline; one of its sides lies along a side of the outline.
    pub(super) fn around(hull: &[Point]) -> Option<Self> {
        let next = hull.iter().cycle().skip(1);
        let sides = hull.iter().zip(next).filter_map(|(from, to)| {
            let (x, y) = (to.x - from.x, to.y - from.y);
            let length = x.hypot(y);
            (length > 0.0).then(|| Self::along(hull, Point { x: x / length, y: y / length }))
        });
        sides.min_by(|one, other| one.area().total_cmp(&other.area()))
    }

    fn along(hull: &[Point], direction: Point) -> Self {
        let normal = Point { x: -direction.y, y: direction.x };
        let extent = |axis: Point| {
            let places = hull.iter().map(|point| point.x * axis.x + point.y * axis.y);
            places.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), place| {
                (low.min(place), high.max(place))
            })
        };
        let ((left, right), (upper, lower)) = (extent(direction), extent(normal));
        let (along, across) = ((left + right) / 2.0, (upper + lower) / 2.0);
        let centre =
            Point { x: direction.x * along + normal.x * across, y: direction.y * along + normal.y * across };
        let (half_width, half_height) = ((right - left) / 2.0, (lower - upper) / 2.0);
        let (direction, half_width, half_height) = if half_width >= half_height {
            (direction, half_width, half_height)
        } else {
            (normal, half_height, half_width)
        };
        Self { centre, direction: forwards(direction), half_width, half_height }
    }

    pub(super) fn area(&self) -> f32 {
        4.0 * self.half_width * self.half_height
    }

    pub(super) fn perimeter(&self) -> f32 {
        4.0 * (self.half_width + self.half_height)
    }

    pub(super) fn shorter_side(&self) -> f32 {
        2.0 * self.half_height
    }

    /// The same with every side so far out.
    pub(super) fn grown(&self, distance: f32) -> Self {
        let (half_width, half_height) = (self.half_width + distance, self.half_height + distance);
        Self { half_width, half_height, ..*self }
    }

    pub(super) fn contains(&self, point: Point) -> bool {
        let (x, y) = (point.x - self.centre.x, point.y - self.centre.y);
        let along = x * self.direction.x + y * self.direction.y;
        let across = y * self.direction.x - x * self.direction.y;
        along.abs() <= self.half_width && across.abs() <= self.half_height
    }

    /// Upper left, upper right, lower right, lower left, as seen along the direction.
    pub(super) fn corners(&self) -> [Point; 4] {
        let Point { x, y } = self.direction;
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(along, across)| {
            let (along, across) = (along * self.half_width, across * self.half_height);
            Point { x: self.centre.x + along * x - across * y, y: self.centre.y + along * y + across * x }
        })
    }
}

fn forwards(direction: Point) -> Point {
    let is_steep = direction.y.abs() > direction.x.abs();
    let is_back = if is_steep { direction.y < 0.0 } else { direction.x < 0.0 };
    if is_back { Point { x: -direction.x, y: -direction.y } } else { direction }
}

/// The convex outline of points (Andrew's monotone chain).
pub(super) fn hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|one, other| one.x.total_cmp(&other.x).then(one.y.total_cmp(&other.y)));
    points.dedup();
    let mut hull = half(points.iter());
    let upper = half(points.iter().rev());
    // Each half ends where the other begins.
    hull.pop();
    hull.extend(upper.iter().take(upper.len().saturating_sub(1)));
    hull
}

fn half<'a>(points: impl Iterator<Item = &'a Point>) -> Vec<Point> {
    let mut chain: Vec<Point> = Vec::new();
    for point in points {
        while let [.., before, last] = chain[..] {
            let turn =
                (last.x - before.x) * (point.y - before.y) - (last.y - before.y) * (point.x - before.x);
            if turn > 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(*point);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(places: &[(f32, f32)]) -> Vec<Point> {
        places.iter().map(|(x, y)| Point { x: *x, y: *y }).collect()
    }

    #[test]
    fn the_hull_has_no_inner_points() {
        let hull = hull(points(&[(0.0, 0.0), (4.0, 0.0), (2.0, 1.0), (2.0, 0.0), (4.0, 3.0), (0.0, 3.0)]));
        assert_eq!(hull.len(), 4);
        assert_eq!(super::hull(points(&[(1.0, 1.0), (1.0, 1.0)])).len(), 0);
    }

    #[test]
    fn a_tilted_rectangle_is_found_again() {
        let corners = points(&[(10.0, 0.0), (50.0, 30.0), (44.0, 38.0), (4.0, 8.0)]);
        let found = Rectangle::around(&hull(corners.clone())).map(|rectangle| rectangle.corners());
        for (found, corner) in found.into_iter().flatten().zip(corners) {
            assert!((found.x - corner.x).hypot(found.y - corner.y) < 1e-3, "{found:?}, {corner:?}");
        }
        let whole = Rectangle::around(&hull(points(&[(0.0, 0.0), (1.0, 0.0), (1.0, 9.0), (0.0, 9.0)])));
        assert!(whole.is_some_and(|whole| whole.direction == Point { x: 0.0, y: 1.0 }));
    }
}
