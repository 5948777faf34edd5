//! A document as callers see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_model::{DocumentId, ImageId, Timestamp};

use super::{
    fields::Field,
    judgement::{DocumentResult, Judgement, Reason},
    reading::{Place, Reading},
    zone::{DocumentType, Repair, ZoneFault},
};
use crate::{
    faces::{Quality, Rectangle},
    store::documents::DocumentRow,
};

/// Which side of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Front,
    Back,
}

/// An identity document that was read.
#[derive(Serialize, ToSchema)]
pub(crate) struct Document {
    /// The document's id.
    #[schema(value_type = String, example = "doc_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) id: DocumentId,
    /// When it was read.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Its size, as its machine readable zone tells.
    #[serde(rename = "type")]
    kind: DocumentType,
    /// What the check digits, the calendar and both zones say together. It is about what is written on the document, not about
    /// whether somebody forged it.
    pub(crate) result: DocumentResult,
    /// Why it is not `valid`.
    pub(crate) reasons: Vec<Reason>,
    /// Its sides, the front first.
    sides: Vec<DocumentSide>,
    /// What it says.
    fields: Vec<Field>,
    /// Its machine readable zone; absent where none was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    mrz: Option<ZoneAnswer>,
    /// The largest face on it; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    portrait: Option<Portrait>,
    /// All text, in reading order.
    text: Vec<TextAnswer>,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    model_digest: String,
}

/// One side of a document.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentSide {
    side: Side,
    /// The picture.
    #[schema(value_type = String, example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    image_id: ImageId,
    /// Pixels across, upright.
    width: u32,
    /// Pixels down, upright.
    height: u32,
    /// By how much the picture must be turned for the text to be upright, clockwise: 0, 90, 180 or 270.
    rotation_degrees: u32,
}

/// A machine readable zone.
#[derive(Serialize, ToSchema)]
pub(crate) struct ZoneAnswer {
    /// On which side it stands.
    side: Side,
    /// Its lines, after the repairs.
    #[schema(example = json!(["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]))]
    lines: Vec<String>,
    /// Characters that were replaced. Check digits prove nothing of a zone that was repaired.
    repairs: Vec<Repair>,
    /// Whether every field is sound, every check digit right, and nothing was repaired.
    is_valid: bool,
    /// Everything that is wrong with it; empty where it is valid.
    problems: Vec<ZoneFault>,
    /// Whether the check digit over several fields is right; absent for visas, which have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_composite_right: Option<bool>,
    /// Whether it had expired when it was read; absent where it has no such date.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_expired: Option<bool>,
    /// Whether its issuer is the one of the standard's specimens.
    is_specimen: bool,
}

/// The portrait on a document.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Portrait {
    /// On which side it is.
    pub(crate) side: Side,
    /// Where, in pixels of the upright picture.
    #[serde(rename = "box")]
    pub(crate) bounds: Rectangle,
    /// The detector's score, 0 to 1.
    pub(crate) confidence: f32,
    /// How well the face can be seen.
    pub(crate) quality: Quality,
}

/// A line of text.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextAnswer {
    side: Side,
    text: String,
    /// Mean of the characters' probabilities, 0 to 1.
    confidence: f32,
    #[serde(flatten)]
    place: Place,
}

/// A document without what it says.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentSummary {
    /// The document's id.
    #[schema(value_type = String)]
    pub(crate) id: DocumentId,
    /// When it was read.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// The picture of its front.
    #[schema(value_type = String)]
    pub(crate) front_image_id: ImageId,
    /// How many sides were read.
    pub(crate) sides: u64,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(crate) model_digest: String,
}

/// What a document's sides say together, as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) kind: DocumentType,
    pub(super) fields: Vec<Field>,
    pub(super) judgement: Judgement,
}

impl Document {
    /// The pictures of its sides.
    pub(crate) fn image_ids(&self) -> impl Iterator<Item = ImageId> {
        self.sides.iter().map(|side| side.image_id)
    }
}

/// Sides in their order.
pub(super) const SIDES: [Side; 2] = [Side::Front, Side::Back];

/// Puts together what a row and its opened parts say.
pub(super) fn assemble(row: &DocumentRow, facts: Facts, sides: Vec<(ImageId, Reading)>) -> Document {
    let portrait = portrait_of(sides.iter().map(|(_, reading)| reading)).map(|(portrait, _)| portrait);
    let mut document = Document {
        id: row.id,
        created_at: row.created_at,
        kind: facts.kind,
        result: facts.judgement.result,
        reasons: facts.judgement.reasons,
        sides: Vec::new(),
        fields: facts.fields,
        mrz: None,
        portrait,
        text: Vec::new(),
        model_digest: row.model_digest.clone(),
    };
    for (side, (image_id, reading)) in SIDES.into_iter().zip(sides) {
        let Reading { width, height, rotation_degrees, lines, zone, .. } = reading;
        document.sides.push(DocumentSide { side, image_id, width, height, rotation_degrees });
        document.text.extend(lines.into_iter().map(|line| TextAnswer {
            side,
            text: line.text,
            confidence: line.confidence,
            place: line.place,
        }));
        if let (Some(zone), None) = (zone, &document.mrz) {
            document.mrz = Some(ZoneAnswer {
                side,
                lines: zone.lines,
                repairs: zone.repairs,
                is_valid: zone.is_valid,
                problems: zone.faults,
                is_composite_right: zone.is_composite_right,
                is_expired: zone.is_expired,
                is_specimen: zone.is_specimen,
            });
        }
    }
    document
}

/// The largest portrait of all sides, with its embedding.
pub(super) fn portrait_of<'a>(readings: impl Iterator<Item = &'a Reading>) -> Option<(Portrait, &'a [f32])> {
    let portraits = SIDES.into_iter().zip(readings).filter_map(|(side, reading)| {
        let kept = reading.portrait.as_ref()?;
        let portrait = Portrait {
            side,
            bounds: kept.face.bounds.clone(),
            confidence: kept.face.confidence,
            quality: kept.face.quality.clone(),
        };
        Some((portrait, kept.embedding.as_slice()))
    });
    portraits.max_by(|(one, _), (other, _)| one.bounds.area().total_cmp(&other.bounds.area()))
}
