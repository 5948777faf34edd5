//! A picture that is drawn on in millimetres. Knows no document.

use image::{Rgb, RgbImage, imageops};

use crate::papers::geometry::Rect;

/// Red, green, blue.
pub(crate) type Colour = [f32; 3];

/// A picture and its resolution.
pub(crate) struct Canvas {
    pub(crate) picture: RgbImage,
    pub(crate) px_per_mm: f32,
}

impl Canvas {
    pub(crate) fn new(width_px: u32, width_mm: f32, height_mm: f32) -> Self {
        let px_per_mm = width_px as f32 / width_mm;
        let height_px = (height_mm * px_per_mm).round() as u32;
        Self { picture: RgbImage::new(width_px, height_px), px_per_mm }
    }

    /// Lays a colour over a pixel; outside the picture nothing happens.
    pub(crate) fn blend(&mut self, x: i32, y: i32, colour: Colour, opacity: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        let Some(pixel) = self.picture.get_pixel_mut_checked(x, y) else { return };
        lay(pixel, colour, opacity);
    }

    /// Lays a colour over a rectangle in millimetres.
    pub(crate) fn fill(&mut self, area: Rect, colour: Colour, opacity: f32) {
        let area = area.scaled(self.px_per_mm);
        for y in area.y0.round() as i32..area.y1.round() as i32 {
            for x in area.x0.round() as i32..area.x1.round() as i32 {
                self.blend(x, y, colour, opacity);
            }
        }
    }

    /// Lays a colour over the whole picture where the mask (one value a pixel, 0 to 1) says so.
    pub(crate) fn lay_mask(&mut self, mask: &[f32], colour: Colour, opacity: f32) {
        for (pixel, covered) in self.picture.pixels_mut().zip(mask) {
            if *covered > 0.0 {
                lay(pixel, colour, opacity * covered.min(1.0));
            }
        }
    }

    /// Fills a rectangle in millimetres with the upper middle of a picture. With an opacity below 1 it is grey and faint, as
    /// the second portrait of many documents.
    pub(crate) fn paste(&mut self, source: &RgbImage, area: Rect, opacity: f32) {
        let area = area.scaled(self.px_per_mm);
        let (width, height) = (area.width().round().max(1.0), area.height().round().max(1.0));
        let (full_width, full_height) = (source.width() as f32, source.height() as f32);
        let zoom = (full_width / width).min(full_height / height);
        let (cut_width, cut_height) = (width * zoom, height * zoom);
        // From the top: a picture too high loses the chest, not the head.
        let left = (full_width - cut_width) / 2.0;
        let cut = imageops::crop_imm(source, left as u32, 0, cut_width as u32, cut_height as u32);
        let filter = imageops::FilterType::Triangle;
        let fitted = imageops::resize(&cut.to_image(), width as u32, height as u32, filter);
        for (x, y, pixel) in fitted.enumerate_pixels() {
            let [red, green, blue] = pixel.0.map(f32::from);
            let grey = (red + green + blue) / 3.0;
            let colour = if opacity < 1.0 { [grey; 3] } else { [red, green, blue] };
            self.blend(area.x0.round() as i32 + x as i32, area.y0.round() as i32 + y as i32, colour, opacity);
        }
    }
}

fn lay(pixel: &mut Rgb<u8>, colour: Colour, opacity: f32) {
    for (channel, new) in pixel.0.iter_mut().zip(colour) {
        let old = f32::from(*channel);
        *channel = (old + (new - old) * opacity).round().clamp(0.0, 255.0) as u8;
    }
}
