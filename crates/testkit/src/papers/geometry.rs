//! Points, four-sided outlines and the perspective transform that carries them. Knows nothing of pictures.

mod homography;

use serde::Serialize;

pub use homography::Homography;

/// A place in a picture, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// An upright rectangle, in pixels or millimetres, as its user says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rect {
    /// The left edge.
    pub x0: f32,
    /// The upper edge.
    pub y0: f32,
    /// The right edge.
    pub x1: f32,
    /// The lower edge.
    pub y1: f32,
}

impl Rect {
    /// From a corner and the extent.
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x0: x, y0: y, x1: x + width, y1: y + height }
    }

    /// How wide it is.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// How high it is.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// All lengths times a factor.
    pub fn scaled(&self, factor: f32) -> Self {
        Self { x0: self.x0 * factor, y0: self.y0 * factor, x1: self.x1 * factor, y1: self.y1 * factor }
    }

    /// The smallest rectangle that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }
}

/// Four corners: upper left, upper right, lower right, lower left, as the document is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// The smallest upright rectangle around it.
    pub fn bounds(&self) -> Rect {
        let [first, rest @ ..] = self.0;
        let start = Rect::new(first.x, first.y, 0.0, 0.0);
        rest.iter().fold(start, |bounds, point| bounds.union(&Rect::new(point.x, point.y, 0.0, 0.0)))
    }

    /// Every corner moved.
    pub fn map(&self, mut change: impl FnMut(Point) -> Point) -> Self {
        Self(self.0.map(&mut change))
    }
}

impl From<Rect> for Quad {
    fn from(rect: Rect) -> Self {
        Self([
            Point { x: rect.x0, y: rect.y0 },
            Point { x: rect.x1, y: rect.y0 },
            Point { x: rect.x1, y: rect.y1 },
            Point { x: rect.x0, y: rect.y1 },
        ])
    }
}
