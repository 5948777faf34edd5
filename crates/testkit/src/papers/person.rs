//! Random people and what their documents say of them. Draws nothing and writes no machine readable zone.

mod country;
mod date;
mod identity;
mod names;
mod transliterate;

pub use country::{Country, Script};
pub use date::Date;
pub(crate) use date::DateStyle;
pub use identity::{Identity, Kind, Name, Sex};
pub use transliterate::transliterate;
