//! Draws documents flat, as a scanner at their exact size would see them, with the truth about what was drawn.

mod background;
mod canvas;
mod layout;
mod sides;
mod style;
mod text;
mod truth;

use image::{RgbImage, imageops};

use crate::papers::font::Fonts;
use crate::papers::geometry::Rect;
use crate::papers::person::{Identity, Kind};

pub use truth::{Field, Line, Role, Side, Truth};

/// A picture and what it shows.
#[derive(Debug, Clone)]
pub struct Document {
    /// 8 bits a channel, sRGB.
    pub picture: RgbImage,
    /// In pixels of that picture.
    pub truth: Truth,
}

/// Draws all sides of a document: front and back of a card, the data page of a passport.
///
/// The same arguments give the same pixels. The portrait fills its box; what does not fit is cut off,
/// at both sides alike or at the bottom.
pub fn draw(identity: &Identity, portrait: &RgbImage, fonts: &Fonts, seed: u64) -> Vec<Document> {
    let sides: &[Side] = match identity.kind {
        Kind::Td1 => &[Side::Front, Side::Back],
        Kind::Td3 => &[Side::DataPage],
    };
    sides.iter().map(|side| draw_side(identity, *side, portrait, fonts, seed)).collect()
}

/// Draws one side. The sides of one document share their style. A side that the document does not have is drawn as the
/// side that bears the machine readable zone.
pub fn draw_side(identity: &Identity, side: Side, portrait: &RgbImage, fonts: &Fonts, seed: u64) -> Document {
    sides::draw(identity, side, portrait, fonts, seed)
}

/// Cuts the portrait of a document out of a photograph: about the face, whose box a detector gave in pixels, with the
/// head over most of the height. Less than that where the photograph ends before.
pub fn frame_face(photograph: &RgbImage, face: Rect) -> RgbImage {
    // A detector's box goes from the brow to the chin: about half of the picture's height.
    let (full_width, full_height) = (photograph.width() as f32, photograph.height() as f32);
    let height = (face.height() * 2.0).min(full_height);
    let width = (height * 0.77).min(full_width);
    let left = ((face.x0 + face.x1 - width) / 2.0).clamp(0.0, full_width - width);
    let top = ((face.y0 + face.y1) / 2.0 - height * 0.52).clamp(0.0, full_height - height);
    imageops::crop_imm(photograph, left as u32, top as u32, width as u32, height as u32).to_image()
}
