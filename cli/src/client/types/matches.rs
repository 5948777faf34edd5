//! A comparison of faces.

use serde::{Deserialize, Serialize};

use super::{Bounds, Unknown};

/// One face compared with others.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Match {
    /// Id (`mat_…`).
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// The face that was compared with the others.
    pub(crate) image_a: MatchedFace,
    /// One for each of the others.
    pub(crate) results: Vec<MatchResult>,
    /// The false match rate that decisions keep.
    pub(crate) max_fmr: f64,
    /// The rest: model digest, calibration.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// What came of one comparison.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MatchResult {
    /// `match`, `no_match` or `inconclusive`.
    pub(crate) decision: String,
    /// 0 to 100.
    pub(crate) score: f64,
    /// Of the embeddings.
    pub(crate) distance: f64,
    /// What the share of pairs of two persons that score as high does not exceed.
    pub(crate) fmr_at_score_max: f64,
    /// The other face.
    pub(crate) image_b: MatchedFace,
    /// The rest: probability and rate with their intervals.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A face that was compared.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MatchedFace {
    /// Id of its picture (`img_…`).
    pub(crate) id: String,
    /// How many faces were found in the picture.
    pub(crate) faces_found: u64,
    /// Where it is, in pixels of the upright picture.
    #[serde(rename = "box")]
    pub(crate) bounds: Bounds,
    /// The rest: which face, and how sure the detector is.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}
