//! Whether a document is its holder's. What says who somebody is has no `Debug`.

use serde::{Deserialize, Serialize};

use super::{Bounds, Document, Portrait, Quality, Unknown};

/// A check of a document against a selfie.
#[derive(Serialize, Deserialize)]
pub(crate) struct Verification {
    /// Id (`ver_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// `accept`, `reject` or `review`.
    pub(crate) decision: String,
    /// Why it is not accepted.
    pub(crate) reasons: Vec<String>,
    /// What was read.
    pub(crate) document: Document,
    /// How the faces compare.
    #[serde(rename = "match")]
    pub(crate) comparison: PortraitMatch,
    /// How well the faces can be seen.
    pub(crate) quality: VerificationQuality,
    /// `not_checked`: whether a living person was before the camera is not known.
    pub(crate) liveness: String,
    /// The rest: model digest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// How the portrait and the selfie compare.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PortraitMatch {
    /// `match`, `no_match` or `inconclusive`.
    pub(crate) decision: String,
    /// 0 to 100.
    pub(crate) score: f64,
    /// Of the embeddings.
    pub(crate) distance: f64,
    /// What the share of pairs of two persons that score as high does not exceed.
    pub(crate) fmr_at_score_max: f64,
    /// The false match rate that the decision keeps.
    pub(crate) max_fmr: f64,
    /// The rest: probability and rate with their intervals.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// How well the faces can be seen.
#[derive(Serialize, Deserialize)]
pub(crate) struct VerificationQuality {
    /// The face of the selfie.
    pub(crate) selfie: Selfie,
    /// The face of the document.
    pub(crate) portrait: Portrait,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// The face of a selfie.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Selfie {
    /// Id of the picture (`img_…`).
    pub(crate) id: String,
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

/// A check in a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VerificationSummary {
    /// Id (`ver_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// Id of the document (`doc_…`).
    pub(crate) document_id: String,
    /// Id of the selfie (`img_…`).
    pub(crate) selfie_image_id: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}
