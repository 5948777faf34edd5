//! Similarity transforms: turn, scale, shift, never mirror.

use super::Point;

/// `x' = a x - b y + dx`, `y' = b x + a y + dy`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Similarity {
    a: f64,
    b: f64,
    dx: f64,
    dy: f64,
}

impl Similarity {
    /// Changes nothing.
    pub(crate) const IDENTITY: Self = Self { a: 1.0, b: 0.0, dx: 0.0, dy: 0.0 };

    /// The transform that brings `from` nearest to `to` in the least-squares sense (Umeyama 1991, in the plane, without
    /// reflections).
    ///
    /// `None` when the points coincide or are not finite.
    pub(crate) fn fit(from: &[Point], to: &[Point]) -> Option<Self> {
        let count = from.len().min(to.len());
        if count == 0 {
            return None;
        }
        let (from_x, from_y) = centre(&from[..count]);
        let (to_x, to_y) = centre(&to[..count]);
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (source, target) in from.iter().zip(to) {
            let (x, y) = (f64::from(source.x) - from_x, f64::from(source.y) - from_y);
            let (u, v) = (f64::from(target.x) - to_x, f64::from(target.y) - to_y);
            dot += x * u + y * v;
            cross += x * v - y * u;
            spread += x * x + y * y;
        }
        let (a, b) = (dot / spread, cross / spread);
        let is_usable = a.is_finite() && b.is_finite() && a.hypot(b) > 1e-6;
        is_usable.then_some(Self {
            a,
            b,
            dx: to_x - a * from_x + b * from_y,
            dy: to_y - b * from_x - a * from_y,
        })
    }

    /// How much longer lengths become.
    pub(crate) fn scale(&self) -> f64 {
        self.a.hypot(self.b)
    }

    pub(crate) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x - self.b * y + self.dx, self.b * x + self.a * y + self.dy)
    }

    pub(crate) fn apply_to(&self, point: Point) -> Point {
        let (x, y) = self.apply(f64::from(point.x), f64::from(point.y));
        Point { x: x as f32, y: y as f32 }
    }

    /// The way back.
    pub(crate) fn inverse(&self) -> Self {
        let norm = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / norm, -self.b / norm);
        Self { a, b, dx: -(a * self.dx - b * self.dy), dy: -(b * self.dx + a * self.dy) }
    }
}

fn centre(points: &[Point]) -> (f64, f64) {
    let count = points.len() as f64;
    let x: f64 = points.iter().map(|point| f64::from(point.x)).sum();
    let y: f64 = points.iter().map(|point| f64::from(point.y)).sum();
    (x / count, y / count)
}

#[cfg(test)]
mod tests;
