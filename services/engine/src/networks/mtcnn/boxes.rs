//! Candidates and what the cascade does with them: regression, squaring, clipping, non-maximum suppression.

use crate::image::{Point, Rectangle, Region};

/// A rectangle that may hold a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) bounds: Rectangle,
    /// 0 to 1.
    pub(super) score: f32,
    /// Regression of x0, y0, x1, y1, in units of the rectangle's width and height.
    pub(super) offsets: [f32; 4],
}

impl Candidate {
    /// Moved by the offsets; a width of 1 is `x1 - x0 + 1` here, as the last two networks were trained.
    pub(super) fn regressed(&self) -> Self {
        self.moved(self.bounds.width() + 1.0, self.bounds.height() + 1.0)
    }

    /// Moved by the offsets, with plain widths, as the first network was trained.
    pub(super) fn regressed_without_border(&self) -> Self {
        self.moved(self.bounds.width(), self.bounds.height())
    }

    /// Grown to a square about the same centre.
    pub(super) fn squared(&self) -> Self {
        let bounds = &self.bounds;
        let side = bounds.width().max(bounds.height());
        let x0 = bounds.x0 + bounds.width() * 0.5 - side * 0.5;
        let y0 = bounds.y0 + bounds.height() * 0.5 - side * 0.5;
        Self { bounds: Rectangle { x0, y0, x1: x0 + side, y1: y0 + side }, ..*self }
    }

    /// The pixels under the rectangle (whose coordinates count from 1) that lie in the picture, if any.
    pub(super) fn clipped(&self, width: u32, height: u32) -> Option<Region> {
        let clip = |low: f32, high: f32, size: u32| {
            let start = (low.trunc() as i64).max(1) - 1;
            let end = (high.trunc() as i64).min(i64::from(size));
            (end > start).then_some((start as u32, (end - start) as u32))
        };
        let (x, region_width) = clip(self.bounds.x0, self.bounds.x1, width)?;
        let (y, region_height) = clip(self.bounds.y0, self.bounds.y1, height)?;
        Some(Region { x, y, width: region_width, height: region_height })
    }

    /// Landmarks relative to the rectangle, placed in the picture: five x, then five y.
    pub(super) fn place(&self, relative: [f32; 10]) -> [Point; 5] {
        let (width, height) = (self.bounds.width() + 1.0, self.bounds.height() + 1.0);
        std::array::from_fn(|index| Point {
            x: width * relative[index] + self.bounds.x0 - 1.0,
            y: height * relative[index + 5] + self.bounds.y0 - 1.0,
        })
    }

    fn moved(&self, width: f32, height: f32) -> Self {
        let [x0, y0, x1, y1] = self.offsets;
        let bounds = Rectangle {
            x0: self.bounds.x0 + x0 * width,
            y0: self.bounds.y0 + y0 * height,
            x1: self.bounds.x1 + x1 * width,
            y1: self.bounds.y1 + y1 * height,
        };
        Self { bounds, ..*self }
    }
}

/// What the shared area of two rectangles is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    /// The area of both together.
    Union,
    /// The area of the smaller one, counting border pixels.
    Smaller,
}

impl Overlap {
    fn of(self, one: &Rectangle, other: &Rectangle) -> f32 {
        let border = if self == Self::Smaller { 1.0 } else { 0.0 };
        let area = |bounds: &Rectangle| (bounds.width() + border) * (bounds.height() + border);
        let width = (one.x1.min(other.x1) - one.x0.max(other.x0) + border).max(0.0);
        let height = (one.y1.min(other.y1) - one.y0.max(other.y0) + border).max(0.0);
        let shared = width * height;
        match self {
            Self::Union => shared / (area(one) + area(other) - shared),
            Self::Smaller => shared / area(one).min(area(other)),
        }
    }
}

/// Keeps the `count` candidates with the highest scores.
pub(super) fn keep_best(candidates: &mut Vec<Candidate>, count: usize) {
    if candidates.len() > count {
        candidates.select_nth_unstable_by(count, |one, other| other.score.total_cmp(&one.score));
        candidates.truncate(count);
    }
}

/// Non-maximum suppression: drops whatever overlaps a better candidate by more than `limit`; best first.
pub(super) fn suppress(candidates: &mut Vec<Candidate>, limit: f32, overlap: Overlap) {
    suppress_by(candidates, limit, overlap, |found| *found);
}

/// [`suppress`] for anything that holds a candidate.
pub(super) fn suppress_by<T>(
    items: &mut Vec<T>,
    limit: f32,
    overlap: Overlap,
    candidate: impl Fn(&T) -> Candidate,
) {
    items.sort_by(|one, other| candidate(other).score.total_cmp(&candidate(one).score));
    let mut kept: Vec<Rectangle> = Vec::new();
    items.retain(|item| {
        let bounds = candidate(item).bounds;
        let is_kept = kept.iter().all(|better| overlap.of(better, &bounds) <= limit);
        if is_kept {
            kept.push(bounds);
        }
        is_kept
    });
}

#[cfg(test)]
mod tests;
