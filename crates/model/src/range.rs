//! The `start_date` / `end_date` / `tz` convention of lists.

use jiff::{ToSpan, civil::Date, tz::TimeZone};

use crate::Timestamp;

/// A half-open span of time, `start <= t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant behind the end.
    pub end: Timestamp,
}

impl TimeRange {
    /// Everything.
    pub const ALL: Self = Self { start: Timestamp::MIN, end: Timestamp::MAX };

    /// Reads the parameters of a list.
    ///
    /// A date stands for its whole day in `tz` (UTC if absent): as `start` for its beginning, as `end` for the
    /// beginning of the next day. A time is taken as it is; `end` is exclusive.
    pub fn parse(start: Option<&str>, end: Option<&str>, tz: Option<&str>) -> Result<Self, ParseRangeError> {
        let zone = match tz {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| ParseRangeError::TimeZone)?,
        };
        let start = match start {
            None => Self::ALL.start,
            Some(text) => parse_bound(text, &zone, 0).ok_or(ParseRangeError::Start)?,
        };
        let end = match end {
            None => Self::ALL.end,
            Some(text) => parse_bound(text, &zone, 1).ok_or(ParseRangeError::End)?,
        };
        if start > end {
            return Err(ParseRangeError::Order);
        }
        Ok(Self { start, end })
    }
}

/// Why a range was refused; [`ParseRangeError::parameter`] names the parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseRangeError {
    /// `start_date` is unreadable.
    #[error("neither a date such as 2026-01-31 nor an RFC 3339 time")]
    Start,
    /// `end_date` is unreadable.
    #[error("neither a date such as 2026-01-31 nor an RFC 3339 time")]
    End,
    /// `tz` is unknown.
    #[error("not a time zone of the IANA data base such as Europe/Berlin")]
    TimeZone,
    /// The start lies behind the end.
    #[error("lies behind end_date")]
    Order,
}

impl ParseRangeError {
    /// Name of the query parameter at fault.
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Start | Self::Order => "start_date",
            Self::End => "end_date",
            Self::TimeZone => "tz",
        }
    }
}

fn parse_bound(text: &str, zone: &TimeZone, days_later: i32) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // `Date` also reads the beginning of longer texts such as 2026-01-31T12.
    let date: Date = if text.len() == 10 { text.parse().ok()? } else { return None };
    let midnight = date.checked_add(days_later.days()).ok()?.to_zoned(zone.clone()).ok()?;
    Some(Timestamp::from_jiff(midnight.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: &str, end: &str, tz: Option<&str>) -> Result<(String, String), ParseRangeError> {
        TimeRange::parse(Some(start), Some(end), tz)
            .map(|range| (range.start.to_string(), range.end.to_string()))
    }

    /// F6: results between two times.
    #[test]
    fn a_date_covers_its_whole_day() {
        let expected = ("2026-01-31T00:00:00.000000Z".to_owned(), "2026-02-01T00:00:00.000000Z".to_owned());
        assert_eq!(range("2026-01-31", "2026-01-31", None), Ok(expected));
    }

    #[test]
    fn days_follow_the_time_zone() {
        let expected = ("2026-03-28T23:00:00.000000Z".to_owned(), "2026-03-29T22:00:00.000000Z".to_owned());
        assert_eq!(range("2026-03-29", "2026-03-29", Some("Europe/Berlin")), Ok(expected));
    }

    #[test]
    fn the_parameter_at_fault_is_named() {
        let parameter = |start, end, tz| range(start, end, tz).unwrap_err().parameter();
        assert_eq!(parameter("yesterday", "2026-01-01", None), "start_date");
        assert_eq!(parameter("2026-01-01", "2026-13-01", None), "end_date");
        assert_eq!(parameter("2026-01-01", "2026-01-01", Some("Mars/Olympus")), "tz");
        assert_eq!(parameter("2026-01-02", "2025-12-31", None), "start_date");
    }
}
