//! A verification as callers see it, and what of it is sealed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_model::{DocumentId, ImageId, Timestamp, VerificationId};

use super::judgement::{CheckDecision, CheckReason, Judgement};
use crate::{
    documents::{Document, Portrait},
    faces::Quality,
    matches::{CalibrationFacts, MatchedFace, Verdict},
    store::verifications::VerificationRow,
};

/// A check of a document and a selfie.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verification {
    /// The verification's id.
    #[schema(value_type = String, example = "ver_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    id: VerificationId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What its parts say together.
    decision: CheckDecision,
    /// Why it is not `accept`.
    reasons: Vec<CheckReason>,
    /// How well both faces can be seen.
    quality: QualityPart,
    /// The document.
    document: Document,
    /// Whether the portrait is the selfie's person.
    #[serde(rename = "match")]
    comparison: MatchPart,
    /// Whether the selfie shows a living person: nobody looked.
    liveness: Liveness,
    /// SHA-256 of the manifest of the model pack that compared the faces, hexadecimal.
    model_digest: String,
}

/// Whether somebody looked if the selfie shows a living person.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Liveness {
    /// A picture of a screen or of a print is not told from one of a person.
    NotChecked,
}

/// How well both faces can be seen.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct QualityPart {
    /// The face of the selfie.
    pub(super) selfie: SelfieFace,
    /// The portrait on the document.
    pub(super) portrait: Portrait,
}

/// The face of a selfie.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct SelfieFace {
    #[serde(flatten)]
    pub(super) face: MatchedFace,
    /// How well it can be seen.
    pub(super) quality: Quality,
}

/// What came of the comparison of both faces.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct MatchPart {
    /// What the distance means.
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    /// The false match rate that the decision keeps.
    #[schema(example = 0.02)]
    pub(super) max_fmr: f64,
    /// What scores and rates stand on.
    pub(super) calibration: CalibrationFacts,
}

/// A verification without its parts.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerificationSummary {
    /// The verification's id.
    #[schema(value_type = String)]
    pub(crate) id: VerificationId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// The document.
    #[schema(value_type = String)]
    pub(crate) document_id: DocumentId,
    /// The selfie.
    #[schema(value_type = String)]
    pub(crate) selfie_image_id: ImageId,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(crate) model_digest: String,
}

/// What is sealed for the selfie's person.
#[derive(Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) judgement: Judgement,
    pub(super) quality: QualityPart,
    pub(super) comparison: MatchPart,
}

/// Puts together what a row, its opened part and its document say.
pub(super) fn assemble(row: VerificationRow, facts: Facts, document: Document) -> Verification {
    Verification {
        id: row.id,
        created_at: row.created_at,
        decision: facts.judgement.decision,
        reasons: facts.judgement.reasons,
        quality: facts.quality,
        document,
        comparison: facts.comparison,
        liveness: Liveness::NotChecked,
        model_digest: row.model_digest,
    }
}
