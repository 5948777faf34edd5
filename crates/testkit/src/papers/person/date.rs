//! Days of the calendar, of which parts may be unknown.

use rand::RngExt;
use serde::Serialize;

use crate::papers::random::Random;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// A date as documents have it: month and day may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Date {
    /// Four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to 31.
    pub day: Option<u8>,
}

impl Date {
    /// A full date.
    pub const fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month: Some(month), day: Some(day) }
    }

    pub(crate) fn random(year: u16, random: &mut Random) -> Self {
        let month = random.random_range(1..=12);
        Self::new(year, month, random.random_range(1..=days_in(year, month)))
    }

    /// The day before the same day so many years later, as documents expire.
    pub(crate) fn expiry_after(self, years: u16) -> Self {
        let (year, month, day) = (self.year + years, self.month.unwrap_or(1), self.day.unwrap_or(1));
        match (month, day) {
            (1, 1) => Self::new(year - 1, 12, 31),
            (_, 1) => Self::new(year, month - 1, days_in(year, month - 1)),
            _ => Self::new(year, month, (day - 1).min(days_in(year, month))),
        }
    }

    /// `YYMMDD`, with `<<` for what is unknown (ICAO 9303 part 3, 4.8).
    pub(crate) fn to_mrz(self) -> String {
        let part = |part: Option<u8>| part.map_or("<<".to_owned(), |part| format!("{part:02}"));
        format!("{:02}{}{}", self.year % 100, part(self.month), part(self.day))
    }

    /// As a person reads it, in the style of the document, with `XX` for what is unknown.
    pub(crate) fn to_print(self, style: DateStyle) -> String {
        let part = |part: Option<u8>| part.map_or("XX".to_owned(), |part| format!("{part:02}"));
        let (day, year) = (part(self.day), self.year);
        match style {
            DateStyle::Words => {
                let month = self.month.and_then(|month| MONTHS.get(usize::from(month) - 1));
                format!("{day} {} {year}", month.unwrap_or(&"XXX"))
            }
            DateStyle::Dots => format!("{day}.{}.{year}", part(self.month)),
            DateStyle::Slashes => format!("{day}/{}/{year}", part(self.month)),
        }
    }
}

/// How a document prints dates.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DateStyle {
    /// `03 FEB 1990`
    Words,
    /// `03.02.1990`
    Dots,
    /// `03/02/1990`
    Slashes,
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
