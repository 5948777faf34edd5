//! Quotas as a caller sees them: windows, use, rate.

use std::time::Duration;

use jiff::{ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A span of time in which metered requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaWindow {
    /// A calendar day, UTC.
    Day,
    /// A calendar month, UTC.
    Month,
}

impl QuotaWindow {
    /// Stored and spoken form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Beginning and end (exclusive) of the window around `time`.
    pub fn around(self, time: Timestamp) -> (Timestamp, Timestamp) {
        let day = time.to_jiff().to_zoned(TimeZone::UTC).date();
        let (first, next) = match self {
            Self::Day => (day, day.saturating_add(1.day())),
            Self::Month => (day.first_of_month(), day.first_of_month().saturating_add(1.month())),
        };
        let midnight = |date: jiff::civil::Date| {
            date.to_zoned(TimeZone::UTC).map_or(time, |zoned| Timestamp::from_jiff(zoned.timestamp()))
        };
        (midnight(first), midnight(next))
    }
}

/// How much of one window is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowUse {
    /// Which window.
    pub name: QuotaWindow,
    /// Metered requests allowed in it.
    pub limit: u64,
    /// Metered requests spent in it.
    pub used: u64,
    /// When it ends and the next begins empty.
    pub resets_at: Timestamp,
}

impl WindowUse {
    /// Requests left.
    pub const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Time until the reset, as seen at `now`.
    pub fn until_reset(&self, now: Timestamp) -> Duration {
        self.resets_at.since(now)
    }
}

/// How fast requests may follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Requests a second in the long run.
    pub requests_per_second: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

/// A caller's quota at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaSnapshot {
    /// Name of the plan that applies.
    pub plan: String,
    /// Use of each window.
    pub windows: Vec<WindowUse>,
    /// The rate limit.
    pub rate: RateLimit,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(window: QuotaWindow, time: &str) -> (String, String) {
        let (start, end) = window.around(time.parse().unwrap());
        (start.to_string(), end.to_string())
    }

    /// N8: calendar windows.
    #[test]
    fn windows_follow_the_calendar() {
        let day = ("2024-02-29T00:00:00.000000Z".to_owned(), "2024-03-01T00:00:00.000000Z".to_owned());
        assert_eq!(around(QuotaWindow::Day, "2024-02-29T23:59:59.999999Z"), day);
        let month = ("2026-12-01T00:00:00.000000Z".to_owned(), "2027-01-01T00:00:00.000000Z".to_owned());
        assert_eq!(around(QuotaWindow::Month, "2026-12-31T12:00:00Z"), month);
    }
}
