//! What printed texts mean, and whether they mean what the zone says.

use super::{super::zone::FieldName, dates, latin};

/// Texts of which so many characters are the same say nothing by accident.
const TELLING_LEN: usize = 5;

/// How like what the zone says a printed text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// It says the same.
    Same,
    /// It says the same but for a few characters.
    Similar,
    /// It says something else, so many characters away.
    Other(usize),
    /// It cannot be told.
    Unknown,
}

impl Likeness {
    /// The less, the more alike.
    pub(super) const fn rank(self) -> usize {
        match self {
            Self::Same => 0,
            Self::Similar => 1,
            Self::Other(distance) => distance.saturating_add(2),
            Self::Unknown => usize::MAX / 2,
        }
    }
}

/// What a printed text means, in the form of the zone's values; none where that cannot be told.
pub(super) fn read(name: FieldName, text: &str) -> Option<String> {
    match name {
        FieldName::BirthDate | FieldName::ExpiryDate => dates::find(text).first()?.to_value(),
        FieldName::Sex => sex(text).map(str::to_owned),
        FieldName::IssuingState | FieldName::Nationality => {
            // A state whose whole name has three letters would be taken for a code; there is none.
            Some(latin::words(text).join(" ")).filter(|text| is_code(text))
        }
        FieldName::Surname | FieldName::GivenNames => some(latin::words(text).join(" ")),
        FieldName::DocumentNumber | FieldName::DocumentCode => some(latin::words(text).concat()),
        FieldName::OptionalData | FieldName::OptionalDataSecond => some(latin::words(text).concat()),
    }
}

/// Compares a printed text with the zone's value.
pub(super) fn compare(name: FieldName, zone: &str, text: &str) -> Likeness {
    match name {
        FieldName::BirthDate | FieldName::ExpiryDate => {
            let dates = dates::find(text);
            if dates.is_empty() {
                Likeness::Unknown
            } else if dates.iter().any(|date| date.is(zone)) {
                Likeness::Same
            } else {
                Likeness::Other(1)
            }
        }
        FieldName::Sex => sex(text).map_or(Likeness::Unknown, |sex| exact(sex == zone)),
        FieldName::IssuingState | FieldName::Nationality => match read(name, text) {
            Some(code) => exact(code == zone),
            None if latin::words(text).iter().any(|word| word == zone) => Likeness::Same,
            None => Likeness::Unknown,
        },
        FieldName::Surname | FieldName::GivenNames => {
            let (own, zone) = (latin::shorten(&latin::words(text)), latin::shorten(&latin::words(zone)));
            // Long names are cut in the zone, and two scripts may have been read as one line.
            if !zone.is_empty() && own.contains(&zone) { Likeness::Same } else { near(&own, &zone) }
        }
        FieldName::DocumentCode => exact(latin::words(text).concat() == zone),
        FieldName::DocumentNumber | FieldName::OptionalData | FieldName::OptionalDataSecond => {
            near(&folded(text), &folded(zone))
        }
    }
}

/// Whether a line holds what the zone says, whatever stands around it. Short values may stand anywhere and prove nothing.
pub(super) fn contains(name: FieldName, zone: &str, text: &str) -> bool {
    match name {
        FieldName::BirthDate | FieldName::ExpiryDate => dates::find(text).iter().any(|date| date.is(zone)),
        FieldName::Surname | FieldName::GivenNames => {
            let (words, wanted) = (latin::words(text), latin::words(zone));
            let wanted = latin::shorten(&wanted);
            wanted.len() > 1 && (latin::shorten(&words) == wanted || words.contains(&wanted))
        }
        FieldName::DocumentNumber | FieldName::OptionalData | FieldName::OptionalDataSecond => {
            let wanted = folded(zone);
            wanted.len() >= TELLING_LEN && folded(text).contains(&wanted)
        }
        FieldName::Sex | FieldName::IssuingState | FieldName::Nationality | FieldName::DocumentCode => false,
    }
}

fn exact(is_same: bool) -> Likeness {
    if is_same { Likeness::Same } else { Likeness::Other(1) }
}

/// One character in eight may be misread, and one in any case.
fn near(one: &str, other: &str) -> Likeness {
    match strsim::levenshtein(one, other) {
        0 => Likeness::Same,
        distance if other.len() >= TELLING_LEN && distance <= 1 + other.len() / 8 => Likeness::Similar,
        distance => Likeness::Other(distance),
    }
}

/// Letters and digits, those that printed zones do not tell apart made one.
fn folded(text: &str) -> String {
    let fold = |character| match character {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    latin::words(text).concat().chars().map(fold).collect()
}

/// The letter of the zone for a printed sex, in the languages that are read.
fn sex(text: &str) -> Option<&'static str> {
    latin::words(text).iter().find_map(|word| match word.as_str() {
        "M" | "H" | "MALE" | "E" => Some("M"),
        "F" | "W" | "K" | "FEMALE" => Some("F"),
        "X" => Some("X"),
        _ => None,
    })
}

fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K5: the same, nearly the same, and something else; where it cannot be told, nothing is claimed.
    #[test]
    fn texts_are_compared_by_what_they_mean() {
        for (name, zone, text, expected) in [
            (FieldName::Surname, "MUELLER", "Müller", Likeness::Same),
            (FieldName::Surname, "ERIKSSON", "ERIKSS0N", Likeness::Similar),
            (FieldName::Surname, "ERIKSSON", "LINDQVIST", Likeness::Other(9)),
            (FieldName::BirthDate, "1974-08-12", "12 AUG 1974", Likeness::Same),
            (FieldName::BirthDate, "1974-08-12", "12 AUG 1975", Likeness::Other(1)),
            (FieldName::BirthDate, "1974-08-12", "illegible", Likeness::Unknown),
            (FieldName::Sex, "F", "F / K", Likeness::Same),
            (FieldName::Sex, "F", "M", Likeness::Other(1)),
            (FieldName::Nationality, "D", "DEUTSCHLAND", Likeness::Unknown),
            (FieldName::Nationality, "LKA", "SRI LANKA", Likeness::Unknown),
            (FieldName::Nationality, "UTO", "UTO", Likeness::Same),
            (FieldName::Nationality, "UTO", "POL", Likeness::Other(1)),
            (FieldName::DocumentNumber, "L898902C3", "L898902C3", Likeness::Same),
            (FieldName::DocumentNumber, "L898902C3", "L 898 9O2 C3", Likeness::Same),
            (FieldName::DocumentNumber, "L898902C3", "L898902C8", Likeness::Similar),
        ] {
            assert_eq!(compare(name, zone, text), expected, "{zone} {text}");
        }
    }
}
