//! A machine readable zone as callers see it and as it is kept (ICAO 9303 parts 3 to 7).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::engine::{
    self, MachineReadableZone, RepairReason, ZoneCheck, ZoneFieldName, ZoneFormat, ZoneProblemKind,
};

use super::reading::Place;

/// Size of a document, as its zone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DocumentType {
    /// A card of the size of a bank card.
    Td1,
    /// A larger card.
    Td2,
    /// A passport.
    Td3,
    /// A full-size visa.
    MrvA,
    /// A small visa.
    MrvB,
    /// One without a machine readable zone.
    Other,
}

/// A field of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldName {
    DocumentCode,
    IssuingState,
    Surname,
    GivenNames,
    DocumentNumber,
    Nationality,
    BirthDate,
    Sex,
    ExpiryDate,
    OptionalData,
    /// Of cards alone.
    OptionalDataSecond,
}

/// What check digits say about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    /// Its check digit is right.
    Right,
    /// Its check digit is wrong.
    Wrong,
    /// A filler stands where its check digit must be.
    Absent,
    /// It has none of its own and lies under the composite.
    CompositeOnly,
    /// No check digit sees it.
    Unprotected,
}

/// Why a character was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RepairCause {
    /// The standard admits only one of the characters that look alike.
    Grammar,
    /// Of what makes every check digit right only this is likely.
    CheckDigit,
    /// The printed zone says so.
    Printed,
}

/// What is wrong with a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// A character that its place does not admit.
    Grammar,
    /// A state that the standard does not know.
    UnknownState,
    /// A day that is not in the calendar.
    NoSuchDate,
    /// Names that are not written as the standard wants.
    MalformedNames,
    /// A check digit is wrong.
    CheckDigitWrong,
    /// A check digit is missing.
    CheckDigitAbsent,
    /// The check digit over several fields is wrong.
    CompositeWrong,
    /// It expires before its holder is born.
    ExpiryBeforeBirth,
    /// Something was repaired: check digits prove nothing any more.
    Repaired,
}

/// A zone, with its fields.
#[derive(Serialize, Deserialize)]
pub(super) struct Zone {
    pub(super) format: DocumentType,
    pub(super) lines: Vec<String>,
    /// Where its lines stand.
    pub(super) places: Vec<Place>,
    pub(super) fields: Vec<ZoneField>,
    pub(super) repairs: Vec<Repair>,
    pub(super) is_valid: bool,
    pub(super) faults: Vec<ZoneFault>,
    pub(super) is_composite_right: Option<bool>,
    pub(super) is_expired: Option<bool>,
    pub(super) is_specimen: bool,
}

/// A field as the zone has it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ZoneField {
    pub(super) name: FieldName,
    pub(super) value: Option<String>,
    pub(super) text: String,
    pub(super) confidence: f32,
    pub(super) place: Place,
    pub(super) check: Check,
    pub(super) is_repaired: bool,
    pub(super) has_look_alike: bool,
    pub(super) may_be_truncated: bool,
}

/// A character that was replaced.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Repair {
    /// Line of the zone, the first one being 0.
    line: u32,
    /// Place in the line, the first one being 0.
    column: u32,
    /// What was read.
    #[schema(example = "O")]
    from: String,
    /// What it was taken for.
    #[schema(example = "0")]
    to: String,
    /// Why.
    reason: RepairCause,
}

/// Something that is wrong with a zone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ZoneFault {
    /// What.
    pub(super) kind: Fault,
    /// With which field; absent where it is about the whole zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<FieldName>,
}

impl Zone {
    pub(super) fn from_engine(zone: MachineReadableZone) -> Self {
        let field = |field: &engine::ZoneField| {
            Some(ZoneField {
                name: FieldName::from_engine(field.name())?,
                value: field.value.clone(),
                text: field.text.clone(),
                confidence: field.confidence,
                place: Place::new(&field.corners),
                check: Check::from_engine(field.check()),
                is_repaired: field.is_repaired,
                has_look_alike: field.has_look_alike,
                may_be_truncated: field.may_be_truncated,
            })
        };
        let repair = |repair: &engine::ZoneRepair| Repair {
            line: repair.line,
            column: repair.column,
            from: repair.from.clone(),
            to: repair.to.clone(),
            reason: match repair.reason() {
                RepairReason::Unspecified | RepairReason::Grammar => RepairCause::Grammar,
                RepairReason::CheckDigit => RepairCause::CheckDigit,
                RepairReason::Printed => RepairCause::Printed,
            },
        };
        let fault = |problem: &engine::ZoneProblem| ZoneFault {
            kind: Fault::from_engine(problem.kind()),
            field: FieldName::from_engine(problem.field()),
        };
        Self {
            format: DocumentType::from_engine(zone.format()),
            fields: zone.fields.iter().filter_map(field).collect(),
            repairs: zone.repairs.iter().map(repair).collect(),
            is_valid: zone.is_valid,
            faults: zone.problems.iter().map(fault).collect(),
            is_composite_right: zone.is_composite_right,
            is_expired: zone.is_expired,
            is_specimen: zone.is_specimen,
            places: zone.lines.iter().map(|line| Place::new(&line.corners)).collect(),
            lines: zone.lines.into_iter().map(|line| line.text).collect(),
        }
    }
}

impl DocumentType {
    const fn from_engine(format: ZoneFormat) -> Self {
        match format {
            ZoneFormat::Td1 => Self::Td1,
            ZoneFormat::Td2 => Self::Td2,
            ZoneFormat::Td3 => Self::Td3,
            ZoneFormat::MrvA => Self::MrvA,
            ZoneFormat::MrvB => Self::MrvB,
            ZoneFormat::Unspecified => Self::Other,
        }
    }
}

impl FieldName {
    /// None for a field that this version does not know.
    const fn from_engine(name: ZoneFieldName) -> Option<Self> {
        Some(match name {
            ZoneFieldName::Unspecified => return None,
            ZoneFieldName::DocumentCode => Self::DocumentCode,
            ZoneFieldName::IssuingState => Self::IssuingState,
            ZoneFieldName::Surname => Self::Surname,
            ZoneFieldName::GivenNames => Self::GivenNames,
            ZoneFieldName::DocumentNumber => Self::DocumentNumber,
            ZoneFieldName::Nationality => Self::Nationality,
            ZoneFieldName::BirthDate => Self::BirthDate,
            ZoneFieldName::Sex => Self::Sex,
            ZoneFieldName::ExpiryDate => Self::ExpiryDate,
            ZoneFieldName::OptionalData => Self::OptionalData,
            ZoneFieldName::OptionalDataSecond => Self::OptionalDataSecond,
        })
    }
}

impl Check {
    const fn from_engine(check: ZoneCheck) -> Self {
        match check {
            ZoneCheck::Right => Self::Right,
            ZoneCheck::Wrong => Self::Wrong,
            ZoneCheck::Absent => Self::Absent,
            ZoneCheck::CompositeOnly => Self::CompositeOnly,
            ZoneCheck::Unspecified | ZoneCheck::Unprotected => Self::Unprotected,
        }
    }
}

impl Fault {
    /// What this version does not know is taken for a breach of the grammar: it is no less wrong.
    const fn from_engine(kind: ZoneProblemKind) -> Self {
        match kind {
            ZoneProblemKind::Unspecified | ZoneProblemKind::Grammar => Self::Grammar,
            ZoneProblemKind::UnknownState => Self::UnknownState,
            ZoneProblemKind::NoSuchDate => Self::NoSuchDate,
            ZoneProblemKind::MalformedNames => Self::MalformedNames,
            ZoneProblemKind::CheckDigitWrong => Self::CheckDigitWrong,
            ZoneProblemKind::CheckDigitAbsent => Self::CheckDigitAbsent,
            ZoneProblemKind::CompositeWrong => Self::CompositeWrong,
            ZoneProblemKind::ExpiryBeforeBirth => Self::ExpiryBeforeBirth,
            ZoneProblemKind::Repaired => Self::Repaired,
        }
    }
}
