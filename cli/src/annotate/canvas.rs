//! Shapes on a picture, clipped to it. Sizes follow the picture's, so that they can be seen on any.

use image::{Rgb, RgbImage};

use super::glyphs;
use crate::client::types::{Bounds, Face};

const BOX: Rgb<u8> = Rgb([0, 230, 118]);
const OUTLINE_POINT: Rgb<u8> = Rgb([64, 196, 255]);
const MAIN_POINT: Rgb<u8> = Rgb([255, 82, 82]);
const INK: Rgb<u8> = Rgb([0, 0, 0]);

/// A picture to draw on.
pub(super) struct Canvas<'picture> {
    picture: &'picture mut RgbImage,
    /// Thickness of a line, and side of a glyph's dot, in pixels.
    pen: i64,
}

impl<'picture> Canvas<'picture> {
    /// A canvas with a pen that fits the picture.
    pub(super) fn new(picture: &'picture mut RgbImage) -> Self {
        let pen = i64::from(picture.width().min(picture.height()) / 256).clamp(1, 12);
        Self { picture, pen }
    }

    /// Draws the faces; the numbers are those of the table.
    pub(super) fn draw_faces(&mut self, faces: &[Face]) {
        for (index, face) in faces.iter().enumerate() {
            for point in &face.landmarks68 {
                self.dot(point.x, point.y, self.pen, OUTLINE_POINT);
            }
            for point in &face.landmarks5 {
                self.dot(point.x, point.y, self.pen * 2, MAIN_POINT);
            }
            self.draw_box(&face.bounds, &format!("{} {:.1}%", index + 1, face.confidence * 100.0));
        }
    }

    /// Draws a box with text on it.
    pub(super) fn draw_box(&mut self, bounds: &Bounds, label: &str) {
        let (left, top) = (pixel(bounds.x), pixel(bounds.y));
        self.frame(left, top, pixel(bounds.width), pixel(bounds.height));
        self.label(left, top, label);
    }

    /// A box whose outer edge is the given one.
    fn frame(&mut self, left: i64, top: i64, width: i64, height: i64) {
        let pen = self.pen;
        self.fill(left, top, width, pen, BOX);
        self.fill(left, top + height - pen, width, pen, BOX);
        self.fill(left, top, pen, height, BOX);
        self.fill(left + width - pen, top, pen, height, BOX);
    }

    fn dot(&mut self, x: f64, y: f64, size: i64, color: Rgb<u8>) {
        self.fill(pixel(x) - size / 2, pixel(y) - size / 2, size, size, color);
    }

    /// A plate with text above the box, or inside it where there is no room above.
    fn label(&mut self, left: i64, top: i64, text: &str) {
        let dot = self.pen;
        let advance = (glyphs::WIDTH + 1) * dot;
        let (width, height) = (advance * text.len() as i64 + dot, (glyphs::HEIGHT + 2) * dot);
        let left = left.min(i64::from(self.picture.width()) - width).max(0);
        let top = if top >= height { top - height } else { top.max(0) };
        self.fill(left, top, width, height, BOX);
        for (position, character) in text.chars().enumerate() {
            let origin = left + dot + advance * position as i64;
            for (column, row) in glyphs::dots(character) {
                self.fill(origin + column * dot, top + (row + 1) * dot, dot, dot, INK);
            }
        }
    }

    /// A filled rectangle, clipped.
    fn fill(&mut self, left: i64, top: i64, width: i64, height: i64, color: Rgb<u8>) {
        let (picture_width, picture_height) =
            (i64::from(self.picture.width()), i64::from(self.picture.height()));
        for y in top.clamp(0, picture_height)..(top + height).clamp(0, picture_height) {
            for x in left.clamp(0, picture_width)..(left + width).clamp(0, picture_width) {
                self.picture.put_pixel(x as u32, y as u32, color);
            }
        }
    }
}

/// The nearest whole pixel; what is far outside any picture is brought near enough to calculate with.
fn pixel(value: f64) -> i64 {
    value.round().clamp(-1e9, 1e9) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::types::{Point, Quality};

    fn face(x: f64, y: f64, width: f64, height: f64) -> Face {
        let quality =
            Quality { sharpness: 1.0, brightness: 1.0, face_px: width, unknown: Default::default() };
        let center = Point { x: x + width / 2.0, y: y + height / 2.0 };
        Face {
            bounds: Bounds { x, y, width, height },
            confidence: 0.987,
            landmarks5: vec![center],
            landmarks68: Vec::new(),
            roll_degrees: 0.0,
            quality,
            unknown: Default::default(),
        }
    }

    /// F8: the box lies on the face's edge, the landmark in its place, and the inside stays as it was.
    #[test]
    fn box_and_landmark_lie_where_the_face_is() {
        let mut picture = RgbImage::new(200, 200);
        Canvas::new(&mut picture).draw_faces(&[face(50.0, 60.0, 80.0, 100.0)]);
        assert_eq!(*picture.get_pixel(50, 100), BOX);
        assert_eq!(*picture.get_pixel(129, 159), BOX);
        assert_eq!(*picture.get_pixel(90, 110), MAIN_POINT);
        assert_eq!(*picture.get_pixel(70, 100), Rgb([0, 0, 0]));
        assert_eq!(*picture.get_pixel(130, 100), Rgb([0, 0, 0]));
    }

    /// F8: a box that leaves the picture, or a picture of one pixel, does no harm.
    #[test]
    fn face_beyond_the_edge_is_clipped() {
        for size in [1, 3, 40] {
            let mut picture = RgbImage::new(size, size);
            Canvas::new(&mut picture).draw_faces(&[
                face(-20.0, -20.0, 30.0, 30.0),
                face(1e300, f64::NAN, 5.0, f64::INFINITY),
                face(0.0, 0.0, -4.0, 0.0),
            ]);
            assert_eq!(picture.dimensions(), (size, size));
        }
    }
}
