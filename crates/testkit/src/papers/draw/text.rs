//! Sets lines of text on a canvas, and says where the ink came to lie.

use ab_glyph::{Font, FontVec, PxScale, point};

use crate::papers::geometry::Rect;

use super::canvas::{Canvas, Colour};

/// How wide a place of the machine readable zone is: ten to an inch (ICAO 9303 part 3, 4.3).
const PITCH_MM: f32 = 2.54;

/// Where a line goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Where the first letter begins.
    pub(crate) x_mm: f32,
    /// What the letters stand on.
    pub(crate) baseline_mm: f32,
    /// The typeface's body.
    pub(crate) size_mm: f32,
    /// A longer line is set narrower.
    pub(crate) room_mm: f32,
}

/// Sets a line in a proportional typeface. Returns what surrounds its ink, in pixels.
pub(crate) fn set(canvas: &mut Canvas, font: &FontVec, text: &str, place: Place, colour: Colour) -> Rect {
    let em_px = place.size_mm * canvas.px_per_mm;
    let advance = |character: char| em_px * per_em(font, font.h_advance_unscaled(font.glyph_id(character)));
    let natural: f32 = text.chars().map(advance).sum();
    let squeeze = (place.room_mm * canvas.px_per_mm / natural).min(1.0);
    let baseline_px = place.baseline_mm * canvas.px_per_mm;
    let mut x_px = place.x_mm * canvas.px_per_mm;
    let mut ink: Option<Rect> = None;
    for character in text.chars() {
        let bounds =
            set_glyph(canvas, font, character, (x_px, baseline_px), (em_px * squeeze, em_px), colour);
        if let Some(bounds) = bounds {
            ink = Some(ink.map_or(bounds, |ink| ink.union(&bounds)));
        }
        x_px += advance(character) * squeeze;
    }
    ink.unwrap_or(Rect::new(x_px, baseline_px, 0.0, 0.0))
}

/// Sets a line of the machine readable zone, every character in its place. Returns what surrounds the places over the
/// height of a capital, in pixels.
pub(crate) fn set_mrz(
    canvas: &mut Canvas,
    font: &FontVec,
    text: &str,
    at_mm: (f32, f32),
    colour: Colour,
) -> Rect {
    let pitch_px = PITCH_MM * canvas.px_per_mm;
    // The typeface is right at the size that makes its own places ten to an inch.
    let em_px = pitch_px / per_em(font, font.h_advance_unscaled(font.glyph_id('0')));
    let (left_px, baseline_px) = (at_mm.0 * canvas.px_per_mm, at_mm.1 * canvas.px_per_mm);
    for (index, character) in text.chars().enumerate() {
        let x_px = left_px + index as f32 * pitch_px;
        set_glyph(canvas, font, character, (x_px, baseline_px), (em_px, em_px), colour);
    }
    let capital_px = em_px * capital_height(font);
    Rect::new(left_px, baseline_px - capital_px, text.chars().count() as f32 * pitch_px, capital_px)
}

/// How high a capital is in the machine readable zone.
pub(crate) fn mrz_capital_mm(font: &FontVec) -> f32 {
    PITCH_MM / per_em(font, font.h_advance_unscaled(font.glyph_id('0'))) * capital_height(font)
}

/// The height of `H` in parts of the body.
fn capital_height(font: &FontVec) -> f32 {
    font.outline(font.glyph_id('H'))
        .map_or(0.7, |outline| per_em(font, outline.bounds.min.y.abs().max(outline.bounds.max.y.abs())))
}

fn per_em(font: &FontVec, units: f32) -> f32 {
    units / font.units_per_em().unwrap_or(1000.0)
}

fn set_glyph(
    canvas: &mut Canvas,
    font: &FontVec,
    character: char,
    (x_px, y_px): (f32, f32),
    (width_px, height_px): (f32, f32),
    colour: Colour,
) -> Option<Rect> {
    // The library scales by ascent and descent together, not by the body.
    let body = per_em(font, font.height_unscaled());
    let scale = PxScale { x: width_px * body, y: height_px * body };
    let glyph = font.glyph_id(character).with_scale_and_position(scale, point(x_px, y_px));
    let outlined = font.outline_glyph(glyph)?;
    let bounds = outlined.px_bounds();
    outlined.draw(|x, y, covered| {
        canvas.blend(
            bounds.min.x as i32 + x as i32,
            bounds.min.y as i32 + y as i32,
            colour,
            covered.min(1.0),
        );
    });
    Some(Rect { x0: bounds.min.x, y0: bounds.min.y, x1: bounds.max.x, y1: bounds.max.y })
}
