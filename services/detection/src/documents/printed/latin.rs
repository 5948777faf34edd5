//! Printed names and labels in the letters that machine readable zones have (ICAO 9303 part 3, section 6), or nearly: where the
//! standard leaves a choice (Ä is AE or A), both are made the shorter one.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The words of a text in A to Z and 0 to 9. Apostrophes fall away, everything else parts words.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut letters = String::new();
    for character in text.chars().flat_map(char::to_uppercase) {
        match character {
            'Æ' => letters.push('A'),
            'Ø' | 'Œ' => letters.push('O'),
            'ẞ' | 'ß' => letters.push_str("SS"),
            'Þ' => letters.push_str("TH"),
            'Ð' | 'Đ' => letters.push('D'),
            'Ł' => letters.push('L'),
            'ı' => letters.push('I'),
            '\'' | '’' | '‘' | '`' => {}
            _ => letters.extend(character.nfd().filter(|part| !is_combining_mark(*part)).map(plain)),
        }
    }
    letters.split_whitespace().map(str::to_owned).collect()
}

fn plain(character: char) -> char {
    if character.is_ascii_alphanumeric() { character } else { ' ' }
}

/// A name with its two-letter forms made one letter, without what parts it: what is left does not depend on how somebody chose
/// to write Ä, Å, Ö or Ü.
pub(super) fn shorten(words: &[String]) -> String {
    ["AE", "OE", "UE", "AA"].iter().fold(words.concat(), |name, pair| name.replace(pair, &pair[..1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K5: however a state writes its letters in the zone, the printed name is the same one.
    #[test]
    fn printed_names_meet_those_of_the_zone() {
        for (printed, zone) in [
            ("Müller", "MUELLER"),
            ("Müller", "MULLER"),
            ("Åse-Lill Sørensen", "AASE LILL SOERENSEN"),
            ("D'Artagnan", "DARTAGNAN"),
            ("GÜNEŞ ışık", "GUENES ISIK"),
            ("Núñez", "NUNEZ"),
            ("Groß", "GROSS"),
            ("Łukasz", "LUKASZ"),
        ] {
            assert_eq!(shorten(&words(printed)), shorten(&words(zone)), "{printed}");
        }
        assert_ne!(shorten(&words("Meier")), shorten(&words("Maier")));
        assert!(words("Фамилия / №").is_empty());
    }
}
