//! Dates of two-digit years, resolved by a date that the caller gives.

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// None where the calendar has no such day; years 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_day = (1..=9999).contains(&year) && (1..=days_of(Some(year), month)).contains(&day);
        is_day.then_some(Self { year, month, day })
    }

    /// Year, 1 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Day, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }
}

/// A date of birth, of which parts may be unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    /// Year with its century: the latest that is not after the caller's date, so a holder of 100 years or more comes
    /// out a century too young.
    pub year: Option<u16>,
    /// Month, 1 to 12.
    pub month: Option<u8>,
    /// Day, 1 to 31.
    pub day: Option<u8>,
}

impl std::fmt::Debug for BirthDate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BirthDate")
    }
}

impl BirthDate {
    /// The day, if all of it is known.
    pub fn date(self) -> Option<Date> {
        Date::new(self.year?, self.month?, self.day?)
    }

    /// Reads `YYMMDD`, each pair digits or fillers. None for anything else and for days that no calendar has.
    pub(super) fn read(text: &str, today: Date) -> Option<Self> {
        let [year, month, day] = pairs(text)?;
        if month.is_some_and(|month| !(1..=12).contains(&month)) {
            return None;
        }
        let is_day_of = |year| day.is_none_or(|day| (1..=days_of(year, month.unwrap_or(1))).contains(&day));
        let Some(year) = year else {
            return is_day_of(None).then_some(Self { year: None, month, day });
        };
        // The earliest day that it can be.
        let is_past = |year: &u16| {
            (*year, month.unwrap_or(1), day.unwrap_or(1)) <= (today.year, today.month, today.day)
        };
        let year = (0..=1).map(|ago| this_century(today, year) - ago * 100).find(is_past)?;
        is_day_of(Some(year)).then_some(Self { year: Some(year), month, day })
    }
}

/// Reads `YYMMDD` as a date of expiry: the century that puts it at most 30 years after and less than 70 years before
/// the caller's. None for anything else and for days that no calendar has.
pub(super) fn read_expiry(text: &str, today: Date) -> Option<Date> {
    let [Some(year), Some(month), Some(day)] = pairs(text)? else { return None };
    let year = this_century(today, year);
    let year = match i32::from(year) - i32::from(today.year) {
        31.. => year - 100,
        ..-69 => year + 100,
        _ => year,
    };
    Date::new(year, month, day)
}

/// The year of the caller's century; at least 100.
fn this_century(today: Date, year: u8) -> u16 {
    (today.year / 100).max(1) * 100 + u16::from(year)
}

/// Year, month and day: two digits each, or two fillers.
fn pairs(text: &str) -> Option<[Option<u8>; 3]> {
    let pair = |at: usize| match text.as_bytes().get(at..at + 2)? {
        b"<<" => Some(None),
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(Some((tens - b'0') * 10 + ones - b'0')),
        _ => None,
    };
    Some([pair(0)?, pair(2)?, pair(4)?]).filter(|_| text.len() == 6)
}

/// Days of a month, 29 for February of an unknown year, 0 for what is no month.
fn days_of(year: Option<u16>, month: u8) -> u8 {
    let is_leap =
        |year: u16| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if year.is_none_or(is_leap) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        Date::new(2026, 11, 21).expect("a day")
    }

    fn birth(text: &str) -> Option<(Option<u16>, Option<u8>, Option<u8>)> {
        BirthDate::read(text, today()).map(|date| (date.year, date.month, date.day))
    }

    #[test]
    fn births_are_never_after_today() {
        assert_eq!(birth("261121"), Some((Some(2026), Some(11), Some(21))));
        assert_eq!(birth("261122"), Some((Some(1926), Some(11), Some(22))));
        assert_eq!(birth("740812"), Some((Some(1974), Some(8), Some(12))));
        assert_eq!(birth("26<<<<"), Some((Some(2026), None, None)));
        assert_eq!(birth("2612<<"), Some((Some(1926), Some(12), None)));
        assert_eq!(birth("<<<<<<"), Some((None, None, None)));
        assert_eq!(birth("<<0229"), Some((None, Some(2), Some(29))));
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in ["741301", "740001", "740230", "230229", "740832", "740800", "74081<", "7408", "74O812"] {
            assert_eq!(birth(text), None, "{text}");
        }
        assert_eq!(birth("240229"), Some((Some(2024), Some(2), Some(29))));
        assert_eq!(Date::new(1900, 2, 29), None);
        assert_eq!(Date::new(0, 1, 1), None);
    }

    #[test]
    fn expiries_lie_near_today() {
        let year = |text| read_expiry(text, today()).map(Date::year);
        assert_eq!(year("120415"), Some(2012));
        assert_eq!(year("560101"), Some(2056));
        assert_eq!(year("570101"), Some(1957));
        assert_eq!(year("990101"), Some(1999));
        assert_eq!(year("12<<<<"), None);
        let late = Date::new(2090, 1, 1).expect("a day");
        assert_eq!(read_expiry("050101", late).map(Date::year), Some(2105));
    }
}
