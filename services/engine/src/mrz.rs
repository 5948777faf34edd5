//! The machine readable zone of travel documents (ICAO 9303): from a recogniser's output to judged fields.
//!
//! Knows no pictures, no networks and no clock: the caller gives log-probabilities, the printed zone's text and today's
//! date. What it reads is personal data; `Debug` does not show it.
//!
//! Rules that are not obvious: a repaired zone is never [`Verdict::Valid`]; by check digits one character of one field is
//! repaired, and only where one choice is left; names are not guessed; an expired document can be valid, and so can a
//! specimen ([`fields::CodeSource::Specimen`]), which the caller refuses.

pub mod alphabet;
mod checks;
pub mod decode;
pub mod fields;
pub mod format;
mod reading;
pub mod repair;
mod zone;

pub use self::{
    checks::Check,
    reading::{Mrz, Reading, Reason, Verdict, read},
    zone::{ShapeError, Zone},
};
