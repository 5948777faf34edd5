//! A decoded, upright picture and the small geometry types.

use std::fmt;

/// Interleaved 8-bit RGB, upright.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Picture {
    /// `rgb` holds `height` rows of `width` pixels of three bytes.
    ///
    /// # Panics
    /// When the length is another.
    pub(crate) fn new(width: u32, height: u32, rgb: Vec<u8>) -> Self {
        assert_eq!(rgb.len(), width as usize * height as usize * 3, "bytes of a picture");
        Self { width, height, rgb }
    }

    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Region {
        Region { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// All bytes, row by row.
    pub(crate) fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The bytes of one row.
    pub(crate) fn row(&self, y: u32) -> &[u8] {
        let len = self.width as usize * 3;
        &self.rgb[y as usize * len..][..len]
    }
}

/// Shows the size only: a picture may be of a person.
impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Picture({} x {})", self.width, self.height)
    }
}

/// A point, pixels; whole numbers are pixel centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// An axis-parallel rectangle, pixels; it may reach over the picture's edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rectangle {
    pub(crate) x0: f32,
    pub(crate) y0: f32,
    pub(crate) x1: f32,
    pub(crate) y1: f32,
}

impl Rectangle {
    pub(crate) fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    pub(crate) fn height(&self) -> f32 {
        self.y1 - self.y0
    }
}

/// Whole pixels inside a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}
