//! What a document's zones say together.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::Field,
    printed::Comparison,
    zone::{Fault, Zone},
};

/// Whether what is written on a document is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DocumentResult {
    /// Every check is passed.
    Valid,
    /// A check is failed.
    Invalid,
    /// A check cannot be made: somebody has to look, or a better picture is needed.
    Inconclusive,
}

/// Why a document is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// A check digit of a field is wrong.
    CheckDigitWrong,
    /// A check digit is missing.
    CheckDigitAbsent,
    /// The check digit over several fields is wrong.
    CompositeWrong,
    /// The zone has a character that its place does not admit.
    MrzMalformed,
    /// The names in the zone are not written as the standard wants.
    NamesMalformed,
    /// A state that the standard does not know.
    UnknownState,
    /// A day that is not in the calendar.
    NoSuchDate,
    /// It expires before its holder is born.
    ExpiryBeforeBirth,
    /// It had expired when it was read.
    DocumentExpired,
    /// It is one of the standard's specimens.
    Specimen,
    /// Inconclusive: there is no machine readable zone.
    NoMrz,
    /// Inconclusive: characters of the zone were repaired, so that check digits prove nothing.
    MrzRepaired,
    /// Inconclusive: the printed zone says something else than the machine readable one.
    SourcesDiffer,
}

/// A result with its reasons.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Judgement {
    pub(super) result: DocumentResult,
    /// Each once, in their order; empty where the result is valid.
    pub(super) reasons: Vec<Reason>,
}

impl Reason {
    const fn of_fault(fault: Fault) -> Self {
        match fault {
            Fault::Grammar => Self::MrzMalformed,
            Fault::UnknownState => Self::UnknownState,
            Fault::NoSuchDate => Self::NoSuchDate,
            Fault::MalformedNames => Self::NamesMalformed,
            Fault::CheckDigitWrong => Self::CheckDigitWrong,
            Fault::CheckDigitAbsent => Self::CheckDigitAbsent,
            Fault::CompositeWrong => Self::CompositeWrong,
            Fault::ExpiryBeforeBirth => Self::ExpiryBeforeBirth,
            Fault::Repaired => Self::MrzRepaired,
        }
    }

    /// Whether somebody could still find the document in order.
    const fn is_doubt(self) -> bool {
        matches!(self, Self::NoMrz | Self::MrzRepaired | Self::SourcesDiffer)
    }
}

impl Judgement {
    pub(super) fn new(zone: Option<&Zone>, fields: &[Field]) -> Self {
        let mut reasons = Vec::new();
        match zone {
            None => reasons.push(Reason::NoMrz),
            Some(zone) => {
                reasons.extend(zone.faults.iter().map(|fault| Reason::of_fault(fault.kind)));
                if !zone.is_valid && reasons.is_empty() {
                    reasons.push(Reason::MrzMalformed);
                }
                if zone.is_expired == Some(true) {
                    reasons.push(Reason::DocumentExpired);
                }
                if zone.is_specimen {
                    reasons.push(Reason::Specimen);
                }
            }
        }
        if fields.iter().any(|field| field.comparison == Comparison::Differ) {
            reasons.push(Reason::SourcesDiffer);
        }
        reasons.sort();
        reasons.dedup();
        let result = if reasons.is_empty() {
            DocumentResult::Valid
        } else if reasons.iter().all(|reason| reason.is_doubt()) {
            DocumentResult::Inconclusive
        } else {
            DocumentResult::Invalid
        };
        Self { result, reasons }
    }
}
