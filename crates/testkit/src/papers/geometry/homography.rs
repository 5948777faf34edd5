//! The perspective transform between two four-sided outlines.

use super::{Point, Quad};

/// `x' = (a x + b y + c) / (g x + h y + 1)`, `y' = (d x + e y + f) / (g x + h y + 1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography([f64; 8]);

impl Homography {
    /// Moves nothing.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);

    /// The transform that brings the corners of `from` to those of `to`; `None` where three corners lie on a line.
    pub fn between(from: &Quad, to: &Quad) -> Option<Self> {
        // Two equations a corner in eight unknowns, with the right-hand side as the ninth column.
        let mut rows = [[0.0_f64; 9]; 8];
        for (corner, (source, target)) in from.0.iter().zip(&to.0).enumerate() {
            let (x, y) = (f64::from(source.x), f64::from(source.y));
            let (u, v) = (f64::from(target.x), f64::from(target.y));
            rows[2 * corner] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            rows[2 * corner + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        solve(rows).map(Self)
    }

    /// Where a point comes to lie.
    pub fn apply(&self, point: Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let (x, y) = (f64::from(point.x), f64::from(point.y));
        let depth = g * x + h * y + 1.0;
        Point { x: ((a * x + b * y + c) / depth) as f32, y: ((d * x + e * y + f) / depth) as f32 }
    }
}

/// Gaussian elimination with the largest pivot of each column.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        let pivot_row = rows[column];
        if pivot_row[column].abs() < 1e-9 {
            return None;
        }
        for (index, row) in rows.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / pivot_row[column];
                row.iter_mut().zip(pivot_row).for_each(|(value, other)| *value -= factor * other);
            }
        }
    }
    Some(std::array::from_fn(|index| rows[index][8] / rows[index][index]))
}
