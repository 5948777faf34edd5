//! Days as documents print them: 12.08.1974, 12/08/1974, 1974-08-12, 12 AUG 1974, 12 AOÛ/AUG 74.

use super::latin;

/// The first letters of months in the languages that are read, with their number. Longer ones come first.
const MONTHS: [(&str, u32); 34] = [
    ("JUIN", 6),
    ("JUIL", 7),
    ("JAN", 1),
    ("ENE", 1),
    ("GEN", 1),
    ("STY", 1),
    ("OCA", 1),
    ("FEB", 2),
    ("FEV", 2),
    ("LUT", 2),
    ("SUB", 2),
    ("MAR", 3),
    ("MRZ", 3),
    ("APR", 4),
    ("AVR", 4),
    ("ABR", 4),
    ("KWI", 4),
    ("NIS", 4),
    ("MAY", 5),
    ("MAI", 5),
    ("MAG", 5),
    ("JUN", 6),
    ("HAZ", 6),
    ("JUL", 7),
    ("TEM", 7),
    ("AUG", 8),
    ("AOU", 8),
    ("AGO", 8),
    ("SEP", 9),
    ("OCT", 10),
    ("OKT", 10),
    ("NOV", 11),
    ("DEC", 12),
    ("DIC", 12),
];

/// A printed day; of the year perhaps only the last two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PrintedDate {
    year: u32,
    is_year_short: bool,
    month: u32,
    day: u32,
}

impl PrintedDate {
    /// `YYYY-MM-DD`; none where the century is not printed.
    pub(super) fn to_value(self) -> Option<String> {
        let Self { year, is_year_short, month, day } = self;
        (!is_year_short).then(|| format!("{year:04}-{month:02}-{day:02}"))
    }

    /// Whether it can be this day, in which unknown digits are `X`.
    pub(super) fn is(self, value: &str) -> bool {
        let year = format!("{:04}", self.year);
        let year = if self.is_year_short { format!("XX{}", &year[2..]) } else { year };
        let own = format!("{year}-{:02}-{:02}", self.month, self.day);
        let same = |(one, other): (char, char)| one == other || one == 'X' || other == 'X';
        own.len() == value.len() && own.chars().zip(value.chars()).all(same)
    }
}

/// What days a text may tell: where day and month could be each other, day first, then month first.
pub(super) fn find(text: &str) -> Vec<PrintedDate> {
    let words = parts(text);
    let mut found = Vec::new();
    for start in 0..words.len() {
        found.extend(at(&words[start..]));
    }
    found
}

/// The words of a text, digits apart from letters: readers leave out narrow spaces.
fn parts(text: &str) -> Vec<String> {
    let words = latin::words(text);
    let parts = words.iter().flat_map(|word| {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        word.as_bytes().chunk_by(move |one, other| is_digit(one) == is_digit(other))
    });
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

fn at(words: &[String]) -> Vec<PrintedDate> {
    let number = |index: usize| words.get(index).and_then(|word| read_number(word));
    let Some((first, first_len)) = number(0) else { return Vec::new() };
    let date = |year: (u32, usize), month: u32, day: u32| {
        let is_possible =
            (1..=12).contains(&month) && (1..=31).contains(&day) && (year.1 == 2 || year.1 == 4);
        let (year, is_year_short) = (year.0, year.1 == 2);
        is_possible.then_some(PrintedDate { year, is_year_short, month, day })
    };
    if let Some(month) = words.get(1).and_then(|word| month_of(word)) {
        // A month may stand there in two languages.
        let next = if words.get(2).is_some_and(|word| month_of(word).is_some()) { 3 } else { 2 };
        return number(next).and_then(|year| date(year, month, first)).into_iter().collect();
    }
    let (Some((second, _)), Some(third)) = (number(1), number(2)) else { return Vec::new() };
    if first_len == 4 {
        return date((first, 4), second, third.0).into_iter().collect();
    }
    let swapped = (first != second).then(|| date(third, first, second)).flatten();
    date(third, second, first).into_iter().chain(swapped).collect()
}

/// A number and how many digits it has, at most four.
fn read_number(word: &str) -> Option<(u32, usize)> {
    let is_number = word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| word.parse().ok()).flatten().map(|number| (number, word.len()))
}

fn month_of(word: &str) -> Option<u32> {
    MONTHS.iter().find(|(start, _)| word.starts_with(start)).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<String> {
        find(text).first().and_then(|date| date.to_value())
    }

    /// K5: a day is the same day however it is printed.
    #[test]
    fn days_are_read_in_many_forms() {
        for text in [
            "12.08.1974",
            "12/08/1974",
            "12 08 1974",
            "1974-08-12",
            "12 AUG 1974",
            "12AUG1974",
            "12 AOÛ/AUG 1974",
            "Geburtstag 12. August 1974",
        ] {
            assert_eq!(first(text).as_deref(), Some("1974-08-12"), "{text}");
        }
        for text in ["", "1974", "40.13.1974", "12 FOO 1974", "12.08", "D23145890"] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    /// K5: what is not printed is not made up, and what the zone does not know is no contradiction.
    #[test]
    fn unknown_digits_are_compared_with_nothing() {
        let short = find("12 AUG 74")[0];
        assert_eq!(short.to_value(), None);
        assert!(short.is("1974-08-12") && short.is("XXXX-08-12") && !short.is("1975-08-12"));
        assert!(find("08/12/1974").iter().any(|date| date.is("1974-08-12")), "months may come first");
    }
}
