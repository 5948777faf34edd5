//! A match as callers see it, and what of it is sealed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::engine::Calibration;
use prosopa_model::{ImageId, MatchId, Timestamp};

use super::{seen::MatchedFace, verdict::Verdict};
use crate::store::matches::MatchRow;

/// One face compared with others.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Match {
    /// The match's id.
    #[schema(value_type = String, example = "mat_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(super) id: MatchId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
    /// The face that was compared with the others.
    pub(super) image_a: MatchedFace,
    /// What came of each comparison, in the order of the request.
    pub(super) results: Vec<MatchResult>,
    /// The false match rate that decisions keep: what the request accepted, else the least that can be kept.
    #[schema(example = 0.02)]
    pub(super) max_fmr: f64,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(super) model_digest: String,
    /// What scores and rates stand on.
    pub(super) calibration: CalibrationFacts,
}

/// What came of one comparison.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MatchResult {
    /// What the distance means.
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    /// The other face.
    pub(super) image_b: MatchedFace,
}

/// The labelled pairs of which the meaning of distances was made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct CalibrationFacts {
    /// Pairs of one person.
    pub(super) genuine_pairs: u64,
    /// Pairs of two persons.
    pub(super) impostor_pairs: u64,
    /// Persons they are of; 0 where that is not known.
    pub(super) people: u32,
    /// The least false match rate that can be kept.
    pub(super) fmr_min: f64,
    /// Distances between which the match probability may be trusted.
    pub(super) trusted_distances: [f64; 2],
    /// SHA-256 of the pairs, hexadecimal.
    pub(super) source_sha256: String,
}

/// A match without its results.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchSummary {
    /// The match's id.
    #[schema(value_type = String)]
    pub(super) id: MatchId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
    /// The picture whose face was compared with the others.
    #[schema(value_type = String)]
    pub(super) image_a_id: ImageId,
    /// With how many.
    pub(super) comparisons: u64,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(super) model_digest: String,
}

/// What is sealed for the first picture's person.
#[derive(Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) image_a: MatchedFace,
    pub(super) max_fmr: f64,
    pub(super) calibration: CalibrationFacts,
}

impl CalibrationFacts {
    pub(crate) fn new(calibration: &Calibration) -> Self {
        Self {
            genuine_pairs: calibration.genuine_pairs,
            impostor_pairs: calibration.impostor_pairs,
            people: calibration.people,
            fmr_min: calibration.fmr_min(),
            trusted_distances: [calibration.trusted_distance_min, calibration.trusted_distance_max],
            source_sha256: calibration.source_sha256.clone(),
        }
    }
}

/// Puts together what a row and its opened parts say.
pub(super) fn assemble(row: &MatchRow, facts: Facts, results: Vec<MatchResult>) -> Match {
    Match {
        id: row.id,
        created_at: row.created_at,
        image_a: facts.image_a,
        results,
        max_fmr: facts.max_fmr,
        model_digest: row.model_digest.clone(),
        calibration: facts.calibration,
    }
}
