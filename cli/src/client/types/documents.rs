//! A document that was read. It says who somebody is: these types have no `Debug`, but the list's.

use serde::{Deserialize, Serialize};

use super::{Bounds, Quality, Unknown};

/// What was read from a document.
#[derive(Serialize, Deserialize)]
pub(crate) struct Document {
    /// Id (`doc_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// `td1`, `td2`, `td3`, `mrv_a`, `mrv_b` or `other`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The pictures, the front first.
    pub(crate) sides: Vec<DocumentSide>,
    /// What it says.
    pub(crate) fields: Vec<DocumentField>,
    /// The machine readable zone, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mrz: Option<Zone>,
    /// The picture of the holder, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) portrait: Option<Portrait>,
    /// `valid`, `invalid` or `inconclusive`.
    pub(crate) result: String,
    /// Why it is not valid, or not known to be.
    pub(crate) reasons: Vec<String>,
    /// The rest: all text that was read, model digest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A picture of a document.
#[derive(Serialize, Deserialize)]
pub(crate) struct DocumentSide {
    /// `front` or `back`.
    pub(crate) side: String,
    /// Id of the picture (`img_…`).
    pub(crate) image_id: String,
    /// The rest: its size, and how it lies.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// What a document says of one thing, by what was read in its machine readable zone and in its printed one.
#[derive(Serialize, Deserialize)]
pub(crate) struct DocumentField {
    /// What it is of.
    pub(crate) name: String,
    /// What it means, where a source has a meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// How sure that is, 0 to 1.
    pub(crate) confidence: f64,
    /// `agree`, `similar`, `differ` or `single`.
    pub(crate) comparison: String,
    /// In the machine readable zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mrz: Option<FieldReading>,
    /// In the printed zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) printed: Option<FieldReading>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A field as one source has it.
#[derive(Serialize, Deserialize)]
pub(crate) struct FieldReading {
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// As it stands there.
    pub(crate) text: String,
    /// `front` or `back`.
    pub(crate) side: String,
    /// Where it is, in pixels of the upright picture.
    #[serde(rename = "box")]
    pub(crate) bounds: Bounds,
    /// What its check digit says, in the machine readable zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) check: Option<String>,
    /// Whether characters were corrected, in the machine readable zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is_repaired: Option<bool>,
    /// Whether it may have been cut off, in the machine readable zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) may_be_truncated: Option<bool>,
    /// The rest: confidence, corners, whether a character looks like another that no check digit tells from it.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A machine readable zone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Zone {
    /// `front` or `back`.
    pub(crate) side: String,
    /// Its lines, repaired.
    pub(crate) lines: Vec<String>,
    /// What was corrected.
    pub(crate) repairs: Vec<Repair>,
    /// The rest: whether it is valid, and what is wrong with it.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A character that was corrected.
#[derive(Serialize, Deserialize)]
pub(crate) struct Repair {
    /// Of the zone, from 0.
    pub(crate) line: u64,
    /// From 0.
    pub(crate) column: u64,
    /// What was read.
    pub(crate) from: String,
    /// What it was taken for.
    pub(crate) to: String,
    /// `grammar`, `check_digit` or `printed`.
    pub(crate) reason: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// The picture of a document's holder.
#[derive(Serialize, Deserialize)]
pub(crate) struct Portrait {
    /// `front` or `back`.
    pub(crate) side: String,
    /// Where the face is, in pixels of the upright picture.
    #[serde(rename = "box")]
    pub(crate) bounds: Bounds,
    /// How sure the detector is, 0 to 1.
    pub(crate) confidence: f64,
    /// How well it can be seen.
    pub(crate) quality: Quality,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A document in a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DocumentSummary {
    /// Id (`doc_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// Id of the front's picture (`img_…`).
    pub(crate) front_image_id: String,
    /// How many pictures there are.
    pub(crate) sides: u64,
    /// The rest: model digest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}
