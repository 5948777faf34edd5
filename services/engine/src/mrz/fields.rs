//! The typed fields of a zone and what is wrong with each.
//!
//! Owns the meaning of the text; has no clock: the caller gives the date that years are resolved by.

mod dates;
mod names;
mod states;

use std::fmt;

pub use self::{
    dates::{BirthDate, Date},
    names::Names,
    states::{CodeSource, code_source},
};
use crate::mrz::{
    checks::{Check, blindness, check, check_composite, long_number},
    format::{FieldKind, FieldSpec, Grammar},
    zone::{Zone, text_of},
};

/// Why a field has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// A character that its place does not admit.
    #[error("a character is not admitted at its place")]
    Grammar,
    /// A code that neither ISO 3166 nor ICAO 9303 knows.
    #[error("the state is unknown")]
    UnknownState,
    /// A day that no calendar has.
    #[error("the date does not exist")]
    NoSuchDate,
    /// Fillers that do not separate names.
    #[error("the names are malformed")]
    Names,
}

/// A field as read. Personal data: the text and the value are not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Field<T> {
    /// The zone's characters, fillers included.
    pub text: String,
    /// What they mean.
    pub value: Result<T, Fault>,
    /// What the check digits say.
    pub check: Check,
    /// Some character, the check digit's included, could be another one that its place admits without any check digit
    /// seeing it: their values differ by a multiple of 10 (`6`/`G`, `1`/`L`, `<`/`K`, `0`/`A`). Any field that admits
    /// letters and digits has it; false where no check digit covers the field at all, see [`Check::Unprotected`].
    pub is_ambiguous: bool,
    /// The same with characters that readers mix up, see [`crate::mrz::repair::confusions`].
    pub has_look_alike: bool,
}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Field");
        shown.field("fault", &self.value.as_ref().err()).field("check", &self.check);
        shown.field("is_ambiguous", &self.is_ambiguous).finish_non_exhaustive()
    }
}

/// A state or organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The code without fillers.
    pub code: String,
    /// Who gave it.
    pub source: CodeSource,
}

/// Sex as the zone has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// `M`.
    Male,
    /// `F`.
    Female,
    /// A filler.
    Unspecified,
}

/// All fields of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Document code, such as `P` or `ID`.
    pub document_code: Field<String>,
    /// Issuing state or organisation.
    pub issuing_state: Field<State>,
    /// The holder's names.
    pub names: Field<Names>,
    /// Document number without trailing fillers; all of a long one.
    pub document_number: Field<String>,
    /// The holder's nationality.
    pub nationality: Field<State>,
    /// Date of birth.
    pub birth_date: Field<BirthDate>,
    /// Sex.
    pub sex: Field<Sex>,
    /// Date of expiry, or the last day that a visa may be used.
    pub expiry_date: Field<Date>,
    /// Optional data without trailing fillers and without the rest of a long document number.
    pub optional_data: Field<String>,
    /// Optional data of the second line of TD1; empty in other formats.
    pub optional_data_second: Field<String>,
    /// What the composite check digit says; none in formats without it.
    pub composite: Option<Check>,
}

impl Fields {
    /// Reads the fields; years of two digits get their century by `today`.
    pub fn read(zone: &Zone, today: Date) -> Self {
        let long = long_number(zone);
        let rest = long.as_ref().map_or(0, |long| long.taken);
        let number = long.map(|long| text_of(&long.symbols));
        Self {
            document_code: field(zone, FieldKind::DocumentCode, trim),
            issuing_state: field(zone, FieldKind::IssuingState, state),
            names: field(zone, FieldKind::Names, |text| Names::read(text).ok_or(Fault::Names)),
            document_number: field(zone, FieldKind::DocumentNumber, |text| {
                number.map_or_else(|| trim(text), Ok)
            }),
            nationality: field(zone, FieldKind::Nationality, state),
            birth_date: field(zone, FieldKind::BirthDate, |text| {
                BirthDate::read(text, today).ok_or(Fault::NoSuchDate)
            }),
            sex: field(zone, FieldKind::Sex, |text| match text {
                "M" => Ok(Sex::Male),
                "F" => Ok(Sex::Female),
                _ => Ok(Sex::Unspecified),
            }),
            expiry_date: field(zone, FieldKind::ExpiryDate, |text| {
                dates::read_expiry(text, today).ok_or(Fault::NoSuchDate)
            }),
            optional_data: field(zone, FieldKind::OptionalData, |text| {
                trim(text.get(rest..).unwrap_or_default())
            }),
            optional_data_second: field(zone, FieldKind::OptionalDataSecond, trim),
            composite: check_composite(zone),
        }
    }

    /// Whether the date of expiry lies before `today`; none where there is no such date.
    pub fn is_expired(&self, today: Date) -> Option<bool> {
        self.expiry_date.value.ok().map(|expiry| expiry < today)
    }
}

fn field<T>(zone: &Zone, kind: FieldKind, read: impl FnOnce(&str) -> Result<T, Fault>) -> Field<T> {
    let spec = zone.format().field(kind);
    let text = zone.text(spec.span);
    let is_admitted = spec.span.positions().all(|at| zone.allowed(at).contains(zone.at(at)));
    let value = if is_admitted { read(&text) } else { Err(Fault::Grammar) };
    let blind = blindness(zone, &spec);
    let check = check(zone, &spec);
    Field { text, value, check, is_ambiguous: blind.to_any, has_look_alike: blind.to_look_alike }
}

/// What is wrong with the text of a field whatever the date; dates are not looked into.
pub(crate) fn fault(zone: &Zone, spec: &FieldSpec) -> Option<Fault> {
    let value = field(zone, spec.kind, |text| match spec.grammar {
        Grammar::State => state(text).map(|_| ()),
        Grammar::Names => Names::read(text).map(|_| ()).ok_or(Fault::Names),
        _ => Ok(()),
    });
    value.value.err()
}

fn trim(text: &str) -> Result<String, Fault> {
    Ok(text.trim_end_matches('<').to_owned())
}

fn state(text: &str) -> Result<State, Fault> {
    let code = text.trim_end_matches('<');
    let source = code_source(code).ok_or(Fault::UnknownState)?;
    Ok(State { code: code.to_owned(), source })
}
