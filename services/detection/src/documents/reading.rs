//! What the engine read on one side of a document, in the form it is kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::engine::{self, ReadDocumentResponse};

use super::zone::Zone;
use crate::{
    error::Error,
    faces::{Face, Point, Rectangle, points},
};

/// What was read on one side. Coordinates are pixels of the upright picture, however the document lies in it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rotation_degrees: u32,
    pub(super) lines: Vec<Line>,
    pub(super) zone: Option<Zone>,
    pub(super) portrait: Option<KeptPortrait>,
}

/// A line of text.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) confidence: f32,
    pub(super) place: Place,
}

/// The portrait with its embedding, which is shown to nobody.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptPortrait {
    pub(super) face: Face,
    pub(super) embedding: Vec<f32>,
}

/// Where something stands in a picture.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Place {
    /// Upper left, upper right, lower right, lower left, as the text is read.
    pub(crate) corners: Vec<Point>,
    /// The rectangle around them.
    #[serde(rename = "box")]
    pub(crate) bounds: Rectangle,
}

impl Reading {
    /// Takes over what the engine tells; [`Error::NoSize`] where it does not tell how large the picture is.
    pub(super) fn from_engine(answer: ReadDocumentResponse) -> Result<Self, Error> {
        let info = answer.image.filter(|info| info.width > 0 && info.height > 0).ok_or(Error::NoSize)?;
        let (width, height) = (info.width as f32, info.height as f32);
        let portrait = answer.portrait.map(|face| {
            let (face, embedding) = Face::with_embedding(face, width, height);
            KeptPortrait { face, embedding }
        });
        let lines = answer.lines.into_iter().map(|line| Line {
            text: line.text,
            confidence: line.confidence,
            place: Place::new(&line.corners),
        });
        Ok(Self {
            width: info.width,
            height: info.height,
            rotation_degrees: answer.rotation_degrees,
            lines: lines.collect(),
            zone: answer.zone.map(Zone::from_engine),
            portrait,
        })
    }

    /// Letters and digits that were read with some certainty.
    pub(super) fn readable_characters(&self) -> usize {
        let sure = self.lines.iter().filter(|line| line.confidence >= 0.5);
        sure.map(|line| line.text.chars().filter(|character| character.is_alphanumeric()).count()).sum()
    }
}

impl Place {
    pub(super) fn new(corners: &[engine::Point]) -> Self {
        let bound = |value: fn(&engine::Point) -> f32, pick: fn(f32, f32) -> f32| {
            corners.iter().map(value).reduce(pick).unwrap_or_default()
        };
        let (x, y) = (bound(|point| point.x, f32::min), bound(|point| point.y, f32::min));
        let (right, bottom) = (bound(|point| point.x, f32::max), bound(|point| point.y, f32::max));
        let bounds = Rectangle { x, y, width: right - x, height: bottom - y };
        Self { corners: points(corners), bounds }
    }
}
