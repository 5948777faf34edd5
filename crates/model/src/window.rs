//! Spans of time in which a quota counts: calendar days and months of a time zone, months from an anchor, sliding ones.

use std::{fmt, time::Duration};

use jiff::{Span, ToSpan, Zoned, civil::Date, tz::TimeZone};

use crate::Timestamp;

/// Parts that a sliding window is counted in: it forgets one part at a time.
const SLIDING_PARTS: i64 = 60;

const MICROS: i64 = 1_000_000;

/// A time zone by its IANA name, such as `Europe/Berlin`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone with this name, in letters of either case; none if the database of time zones has no such name.
    pub fn find(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("UTC") {
            return Some(Self::UTC);
        }
        TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some()).map(Self)
    }

    /// Its name, as the database of time zones spells it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A span of time in which a quota counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaWindow {
    /// A calendar day.
    Day(Zone),
    /// A calendar month.
    Month(Zone),
    /// A month that begins at the anchor's day and time of day, in the zone; on the last day of months that are
    /// too short.
    BillingMonth {
        /// Some beginning of such a month.
        anchor: Timestamp,
        /// Where days are counted.
        zone: Zone,
    },
    /// The time up to now.
    Sliding {
        /// How long, 1 or more.
        seconds: u32,
    },
}

impl QuotaWindow {
    /// What names the counters of this window in the database: the same for windows that are the same.
    pub fn key(&self) -> String {
        match self {
            Self::Day(zone) => format!("day {}", zone.name()),
            Self::Month(zone) => format!("month {}", zone.name()),
            Self::BillingMonth { anchor, zone } => {
                format!("billing_month {} {}", anchor.micros(), zone.name())
            }
            Self::Sliding { seconds } => format!("sliding {seconds}"),
        }
    }

    /// Beginning and end (exclusive) of what is counted as one around `time`: the whole window, of a sliding one the part.
    pub fn around(&self, time: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            Self::Day(zone) => {
                let date = local(time, zone).date();
                (start_of(date, zone, time), start_of(date.saturating_add(1.day()), zone, time))
            }
            Self::Month(zone) => {
                let first = local(time, zone).date().first_of_month();
                (start_of(first, zone, time), start_of(first.saturating_add(1.month()), zone, time))
            }
            Self::BillingMonth { anchor, zone } => billing_month(time, *anchor, zone),
            Self::Sliding { seconds } => {
                let width = part_micros(*seconds);
                let start = time.micros().div_euclid(width) * width;
                (Timestamp::from_micros(start), Timestamp::from_micros(start.saturating_add(width)))
            }
        }
    }

    /// How long what began as one part is counted after that part's end: nothing in the calendar, all of a sliding window.
    pub fn lasts(&self) -> Duration {
        match self {
            Self::Sliding { seconds } => Duration::from_secs(u64::from(*seconds)),
            _ => Duration::ZERO,
        }
    }
}

/// A sixtieth of the window, rounded up to whole seconds.
fn part_micros(seconds: u32) -> i64 {
    (i64::from(seconds) + SLIDING_PARTS - 1) / SLIDING_PARTS * MICROS
}

fn local(time: Timestamp, zone: &Zone) -> Zoned {
    time.to_jiff().to_zoned(zone.0.clone())
}

/// The first moment of a day; `otherwise` beyond the calendar's end.
fn start_of(date: Date, zone: &Zone, otherwise: Timestamp) -> Timestamp {
    date.to_zoned(zone.0.clone()).map_or(otherwise, |start| Timestamp::from_jiff(start.timestamp()))
}

fn billing_month(time: Timestamp, anchor: Timestamp, zone: &Zone) -> (Timestamp, Timestamp) {
    let (first, now) = (local(anchor, zone), local(time, zone));
    let months = |zoned: &Zoned| i64::from(zoned.year()) * 12 + i64::from(zoned.month());
    // Always counted from the anchor: a 31st that became a 30th once is a 31st again.
    let beginning = |months: i64| {
        let beginning = Span::new().try_months(months).and_then(|span| first.checked_add(span));
        beginning.map_or(time, |zoned| Timestamp::from_jiff(zoned.timestamp()))
    };
    let mut index = months(&now) - months(&first);
    if beginning(index) > time {
        index -= 1;
    }
    (beginning(index), beginning(index + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn around(window: &QuotaWindow, time: &str) -> (String, String) {
        let (start, end) = window.around(time.parse().unwrap());
        (start.to_string(), end.to_string())
    }

    fn times(start: &str, end: &str) -> (String, String) {
        (format!("{start}.000000Z"), format!("{end}.000000Z"))
    }

    fn zone(name: &str) -> Zone {
        Zone::find(name).unwrap()
    }

    /// N8: calendar windows.
    #[test]
    fn windows_follow_the_calendar() {
        let day = times("2024-02-29T00:00:00", "2024-03-01T00:00:00");
        assert_eq!(around(&QuotaWindow::Day(Zone::UTC), "2024-02-29T23:59:59.999999Z"), day);
        let month = times("2026-12-01T00:00:00", "2027-01-01T00:00:00");
        assert_eq!(around(&QuotaWindow::Month(Zone::UTC), "2026-12-31T12:00:00Z"), month);
    }

    /// N8: a day of 23 hours.
    #[test]
    fn days_of_a_time_zone_begin_at_its_midnight() {
        let day = QuotaWindow::Day(zone("europe/berlin"));
        let spring = times("2026-03-28T23:00:00", "2026-03-29T22:00:00");
        assert_eq!(around(&day, "2026-03-29T12:00:00Z"), spring);
        assert_eq!(day.key(), "day Europe/Berlin");
    }

    /// N8: billing periods; the 31st comes back after February.
    #[test]
    fn billing_months_begin_at_the_anchors_day() {
        let anchor = "2025-01-31T15:00:00Z".parse().unwrap();
        let window = QuotaWindow::BillingMonth { anchor, zone: Zone::UTC };
        assert_eq!(
            around(&window, "2026-02-28T14:59:59Z"),
            times("2026-01-31T15:00:00", "2026-02-28T15:00:00")
        );
        assert_eq!(
            around(&window, "2026-02-28T15:00:00Z"),
            times("2026-02-28T15:00:00", "2026-03-31T15:00:00")
        );
        assert_eq!(
            around(&window, "2024-12-31T16:00:00Z"),
            times("2024-12-31T15:00:00", "2025-01-31T15:00:00")
        );
    }

    #[test]
    fn unknown_zones_are_not_found() {
        for name in ["", "Mars/Olympus", "+02:00", "../etc/passwd"] {
            assert_eq!(Zone::find(name), None, "{name}");
        }
    }

    fn windows() -> impl Strategy<Value = QuotaWindow> {
        let zones = [
            "UTC",
            "Europe/Berlin",
            "America/Havana",
            "Asia/Beirut",
            "Atlantic/Azores",
            "Pacific/Apia",
            "Australia/Lord_Howe",
            "America/Scoresbysund",
            "Asia/Kathmandu",
        ];
        let zones = proptest::sample::select(zones.map(zone).to_vec());
        let anchors = (0..4_000_000_000_i64).prop_map(|seconds| Timestamp::from_micros(seconds * MICROS));
        prop_oneof![
            zones.clone().prop_map(QuotaWindow::Day),
            zones.clone().prop_map(QuotaWindow::Month),
            (anchors, zones).prop_map(|(anchor, zone)| QuotaWindow::BillingMonth { anchor, zone }),
            (1..3_000_000_u32).prop_map(|seconds| QuotaWindow::Sliding { seconds }),
        ]
    }

    proptest! {
        /// N8: every moment is in one window, and one window follows the other without a gap.
        #[test]
        fn windows_lie_side_by_side(window in windows(), micros in -1_000_000_000_000_000..4_000_000_000_000_000_i64) {
            let time = Timestamp::from_micros(micros);
            let (start, end) = window.around(time);
            prop_assert!(start <= time && time < end, "{start} {time} {end}");
            prop_assert_eq!(window.around(start), (start, end));
            prop_assert_eq!(window.around(end).0, end);
            let last = Timestamp::from_micros(end.micros() - 1);
            prop_assert_eq!(window.around(last), (start, end));
        }
    }
}
