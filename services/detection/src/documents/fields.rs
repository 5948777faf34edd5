//! The fields of a document, each with what its sources say.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::Side,
    printed::{self, Comparison, Printed},
    reading::{Place, Reading},
    zone::{Check, FieldName, ZoneField},
};

/// Every field, in the order in which they are told.
const NAMES: [FieldName; 11] = [
    FieldName::DocumentCode,
    FieldName::IssuingState,
    FieldName::Surname,
    FieldName::GivenNames,
    FieldName::DocumentNumber,
    FieldName::Nationality,
    FieldName::BirthDate,
    FieldName::Sex,
    FieldName::ExpiryDate,
    FieldName::OptionalData,
    FieldName::OptionalDataSecond,
];

/// A field of a document.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Field {
    /// Which one.
    name: FieldName,
    /// What it says: that of the machine readable zone, or else what is printed. Days are `YYYY-MM-DD` with `X` for unknown
    /// digits, sexes `M`, `F` or `X`, names in capitals. Absent where no source means anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ERIKSSON")]
    value: Option<String>,
    /// How sure the value is, 0 to 1: the surer source where both agree.
    confidence: f32,
    /// Whether both sources say the same.
    pub(super) comparison: Comparison,
    /// What the machine readable zone says.
    #[serde(skip_serializing_if = "Option::is_none")]
    mrz: Option<ZoneSource>,
    /// What is printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    printed: Option<Printed>,
}

/// A field of the machine readable zone.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ZoneSource {
    /// What it means; absent where it means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Its characters, fillers included.
    #[schema(example = "ERIKSSON<<ANNA<MARIA")]
    text: String,
    /// The least of its characters', 0 to 1; at most a half where one of them was repaired.
    confidence: f32,
    /// On which side it stands.
    side: Side,
    /// Where.
    #[serde(flatten)]
    place: Place,
    /// What check digits say.
    check: Check,
    /// Whether a character was replaced.
    is_repaired: bool,
    /// Whether a character could be one that readers mix up with it without any check digit seeing it (6 and G, 1 and L, `<` and
    /// K).
    has_look_alike: bool,
    /// Whether the names may be longer than the field.
    may_be_truncated: bool,
}

/// All fields of which one of the sides says something.
pub(super) fn collect(sides: &[(Side, &Reading)]) -> Vec<Field> {
    let zone = sides.iter().find_map(|(side, reading)| Some((*side, reading.zone.as_ref()?)));
    let fields = NAMES.into_iter().filter_map(|name| {
        let of_zone = zone.and_then(|(side, zone)| {
            let field = zone.fields.iter().find(|field| field.name == name)?;
            // Optional data that nobody made use of are no field.
            (!field.text.chars().all(|character| character == '<')).then(|| ZoneSource::new(side, field))
        });
        let value = of_zone.as_ref().and_then(|source| source.value.as_deref());
        let found = printed::find(name, value, sides);
        Field::new(name, of_zone, found)
    });
    fields.collect()
}

impl ZoneSource {
    fn new(side: Side, field: &ZoneField) -> Self {
        Self {
            value: field.value.clone(),
            text: field.text.clone(),
            confidence: field.confidence,
            side,
            place: field.place.clone(),
            check: field.check,
            is_repaired: field.is_repaired,
            has_look_alike: field.has_look_alike,
            may_be_truncated: field.may_be_truncated,
        }
    }
}

impl Field {
    fn new(name: FieldName, mrz: Option<ZoneSource>, printed: Option<(Printed, Comparison)>) -> Option<Self> {
        let (printed, comparison) = match printed {
            Some((printed, comparison)) => (Some(printed), comparison),
            None => (None, Comparison::Single),
        };
        let of_zone = mrz.as_ref().map(|source| (source.value.clone(), source.confidence));
        let of_print = printed.as_ref().map(|printed| (printed.value.clone(), printed.confidence));
        let (value, confidence) = match (of_zone, of_print) {
            (Some((value, one)), Some((_, other))) if comparison == Comparison::Agree => {
                (value, one.max(other))
            }
            (Some((Some(value), confidence)), _) => (Some(value), confidence),
            (_, Some(of_print)) => of_print,
            (Some(of_zone), None) => of_zone,
            (None, None) => return None,
        };
        Some(Self { name, value, confidence, comparison, mrz, printed })
    }
}
