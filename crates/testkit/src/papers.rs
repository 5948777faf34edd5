//! Synthetic identity documents: random people, drawn cards and passports, photographed badly on purpose.
//!
//! Everything follows from a seed, and every picture comes with the truth about it, so that a reader's accuracy can be
//! measured. The machine readable zone is made here once more, apart from any reader: a fault shared by both would not
//! be seen. No state's design is imitated, and every document says that it is a specimen.
//!
//! The same bytes hold for one machine and one set of crate versions: sines come from the system's mathematics library.

pub mod degrade;
pub mod draw;
pub mod font;
pub mod geometry;
pub mod mrz;
pub mod person;
mod random;
