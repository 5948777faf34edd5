//! What the parts of a verification say together.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{documents::DocumentResult, faces::Quality, matches::Decision};

/// Below this a face looks blurred (variance of the Laplacian).
const SHARPNESS_MIN: f32 = 50.0;

/// Mean luma of faces that can be seen.
const BRIGHTNESS: std::ops::RangeInclusive<f32> = 0.2..=0.9;

/// Shorter side of the smallest face of a selfie, pixels.
const FACE_PX_MIN: f32 = 80.0;

/// What is to be done with somebody who wants to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckDecision {
    /// The document is valid and its portrait is the selfie's person.
    Accept,
    /// The document is invalid, or its portrait is somebody else.
    Reject,
    /// Somebody has to look, or better pictures are needed.
    Review,
}

/// Why a verification is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckReason {
    /// The document says something that is not in order; its own reasons tell what.
    DocumentInvalid,
    /// Nobody can tell whether the document is in order; its own reasons tell why.
    DocumentInconclusive,
    /// The portrait is somebody else.
    FacesDoNotMatch,
    /// Nobody can tell whether the portrait is the selfie's person.
    FacesInconclusive,
    /// The face of the selfie is blurred.
    SelfieBlurred,
    /// The face of the selfie is too dark or too bright.
    SelfieBadlyLit,
    /// The face of the selfie is small.
    SelfieFaceSmall,
}

/// A decision with its reasons.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Judgement {
    pub(super) decision: CheckDecision,
    /// Empty where it is accepted.
    pub(super) reasons: Vec<CheckReason>,
}

impl Judgement {
    pub(super) fn new(document: DocumentResult, faces: Decision, selfie: &Quality) -> Self {
        let is_bright = BRIGHTNESS.contains(&selfie.brightness);
        let found = [
            (document == DocumentResult::Invalid, CheckReason::DocumentInvalid),
            (document == DocumentResult::Inconclusive, CheckReason::DocumentInconclusive),
            (faces == Decision::NoMatch, CheckReason::FacesDoNotMatch),
            (faces == Decision::Inconclusive, CheckReason::FacesInconclusive),
            (selfie.sharpness < SHARPNESS_MIN, CheckReason::SelfieBlurred),
            (!is_bright, CheckReason::SelfieBadlyLit),
            (selfie.face_px < FACE_PX_MIN, CheckReason::SelfieFaceSmall),
        ];
        let reasons: Vec<CheckReason> =
            found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, reason)| reason).collect();
        let decision = if document == DocumentResult::Invalid || faces == Decision::NoMatch {
            CheckDecision::Reject
        } else if reasons.is_empty() {
            CheckDecision::Accept
        } else {
            CheckDecision::Review
        };
        Self { decision, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Quality = Quality { sharpness: 300.0, brightness: 0.5, face_px: 200.0 };

    /// K4, K5: what fails is rejected, what cannot be told is for somebody to look at, and only what is all in order is accepted.
    #[test]
    fn a_doubt_is_never_accepted() {
        let judge = |document, faces, selfie: &Quality| {
            let judgement = Judgement::new(document, faces, selfie);
            (judgement.decision, judgement.reasons)
        };
        assert_eq!(judge(DocumentResult::Valid, Decision::Match, &GOOD), (CheckDecision::Accept, vec![]));
        assert_eq!(
            judge(DocumentResult::Invalid, Decision::Inconclusive, &GOOD),
            (CheckDecision::Reject, vec![CheckReason::DocumentInvalid, CheckReason::FacesInconclusive])
        );
        assert_eq!(judge(DocumentResult::Valid, Decision::NoMatch, &GOOD).0, CheckDecision::Reject);
        assert_eq!(judge(DocumentResult::Inconclusive, Decision::Match, &GOOD).0, CheckDecision::Review);
        let dim = Quality { sharpness: 49.0, brightness: 0.1, face_px: 79.0 };
        let reasons =
            vec![CheckReason::SelfieBlurred, CheckReason::SelfieBadlyLit, CheckReason::SelfieFaceSmall];
        assert_eq!(judge(DocumentResult::Valid, Decision::Match, &dim), (CheckDecision::Review, reasons));
    }
}
