//! The holder's names: primary and secondary identifier, and signs of truncation (ICAO 9303 part 3, 4.6 and 4.7).

use std::fmt;

/// The names as the zone has them. Personal data: not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Names {
    /// Primary identifier, its parts separated by spaces.
    pub primary: String,
    /// Secondary identifier, its parts separated by spaces; empty where there is none.
    pub secondary: String,
    /// The last position holds a letter: the names may be longer than the field.
    pub may_be_truncated: bool,
}

impl Names {
    /// Reads the whole field with its fillers: parts separated by one filler, two between the identifiers, fillers to
    /// the end. None for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let may_be_truncated = !text.ends_with('<');
        let names = text.trim_end_matches('<');
        let (primary, secondary) = names.split_once("<<").unwrap_or((names, ""));
        let is_whole = |part: &str| {
            part.split('<').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase()))
        };
        let is_right = is_whole(primary) && (secondary.is_empty() || is_whole(secondary));
        is_right.then(|| Self {
            primary: primary.replace('<', " "),
            secondary: secondary.replace('<', " "),
            may_be_truncated,
        })
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Names");
        shown.field("may_be_truncated", &self.may_be_truncated).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(String, String, bool)> {
        Names::read(text).map(|names| (names.primary, names.secondary, names.may_be_truncated))
    }

    #[test]
    fn identifiers_are_told_apart_by_two_fillers() {
        let read =
            |primary: &str, secondary: &str, cut| Some((primary.to_owned(), secondary.to_owned(), cut));
        assert_eq!(parts("ERIKSSON<<ANNA<MARIA<<<<<<<"), read("ERIKSSON", "ANNA MARIA", false));
        assert_eq!(parts("VAN<DER<MUELLEN<<MARTIN<<<<"), read("VAN DER MUELLEN", "MARTIN", false));
        assert_eq!(parts("ARKFREITH<<<<<<<"), read("ARKFREITH", "", false));
        assert_eq!(parts("NILAVADHANANANDA<<CHAYAPA<D"), read("NILAVADHANANANDA", "CHAYAPA D", true));
        assert_eq!(parts("PAPANDROPOULOUS"), read("PAPANDROPOULOUS", "", true));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["<<<<<<", "<ANNA<<<", "A<<B<<C<<<", "A<<<B<<<", "ERIK5SON<<ANNA<<", ""] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
