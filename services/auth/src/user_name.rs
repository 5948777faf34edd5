//! User names: which are allowed, and when two are the same.

use std::ops::RangeInclusive;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};

/// Characters of a user name.
const LENGTH: RangeInclusive<usize> = 3..=64;

/// Name of the first administrator.
pub(crate) const ADMINISTRATOR: &str = "administrator";

/// An allowed user name.
///
/// Letters, digits, `.`, `_` and `-` of one script, out of the characters that Unicode recommends for identifiers
/// (UTS 39, sections 3.1 and 5.1): nothing invisible. Two names are one if their keys are equal, and too much alike if
/// their skeletons are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserName {
    text: String,
    key: String,
    skeleton: String,
}

impl UserName {
    /// Checks a name, as it was typed.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let plain: String = text.nfkc().collect();
        if [text, &plain].iter().any(|text| !LENGTH.contains(&text.chars().count())) {
            return Err("must have 3 to 64 characters");
        }
        if !plain.chars().all(is_allowed) {
            return Err("may contain letters, digits, '.', '_' and '-' only");
        }
        if !plain.starts_with(char::is_alphanumeric) {
            return Err("must begin with a letter or a digit");
        }
        if !plain.is_single_script() {
            return Err("must not mix the letters of several scripts");
        }
        // The name is shown as it was typed, and `I` looks like `l`, which its small form does not: the skeleton is that of
        // the letters typed, and only then are cases made equal.
        let skeleton = Self::key_of(&skeleton(&plain).collect::<String>());
        Ok(Self { text: text.to_owned(), key: Self::key_of(text), skeleton })
    }

    /// The name as it was typed.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What two forms of one name share.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What two names share that are easily taken for each other (UTS 39, section 4): Cyrillic `сосо` and Latin `coco`.
    ///
    /// Some names share it that a careful reader tells apart, such as `b0b` and `bob`.
    pub(crate) fn skeleton(&self) -> &str {
        &self.skeleton
    }

    /// Whether it is, or looks like, the name that the first administrator is made with: nobody else is to be taken for
    /// that one, who may have another name by now.
    pub(crate) fn is_reserved(&self) -> bool {
        Self::parse(ADMINISTRATOR).is_ok_and(|reserved| reserved.skeleton == self.skeleton)
    }

    /// The key of a text that may be no allowed name.
    ///
    /// The two rounds are those of Unicode's compatibility caseless matching (definition D146).
    pub(crate) fn key_of(text: &str) -> String {
        let folded = caseless::default_case_fold_str(&text.nfd().collect::<String>());
        let folded = caseless::default_case_fold_str(&folded.nfkd().collect::<String>());
        folded.nfkc().collect()
    }
}

fn is_allowed(character: char) -> bool {
    let is_spoken = character.is_alphanumeric() || is_combining_mark(character);
    matches!(character, '.' | '_' | '-') || (is_spoken && character.identifier_allowed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_scripts_are_allowed() {
        for name in [
            "ada",
            "Ada.Lovelace-1815_",
            "Müller",
            "Ωμέγα",
            "дмитрий",
            "山田太郎",
            "やまだ太郎",
            "किशोर",
            "علي",
        ] {
            assert!(UserName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn invisible_blank_and_foreign_characters_are_refused() {
        let refused = [
            "a b c",
            "ada\u{0}",
            "ada\n",
            "a\u{200b}da",
            "a\u{ad}da",
            "a\u{202e}da",
            "a\u{200d}da",
            "\u{3164}\u{3164}\u{3164}",
            "a\u{115f}da",
            "ada\u{fe0f}",
            "ada!",
            "ada@example",
            "ada/..",
            "😀😀😀",
            "\u{301}ada",
            ".ada",
            "-ada",
        ];
        for name in refused {
            assert!(UserName::parse(name).is_err(), "{}", name.escape_unicode());
        }
    }

    #[test]
    fn scripts_are_not_mixed() {
        // The first letter is Cyrillic.
        assert!(UserName::parse("\u{430}dmin").is_err());
    }

    #[test]
    fn length_is_counted_in_characters_of_both_forms() {
        // Four characters typed, two letters.
        assert!(UserName::parse("e\u{301}e\u{301}").is_err());
        assert!(UserName::parse("ab").is_err());
        assert!(UserName::parse(&"é".repeat(64)).is_ok());
        assert!(UserName::parse(&"é".repeat(65)).is_err());
        // One character that stands for several.
        assert!(UserName::parse(&"ﬃ".repeat(30)).is_err());
    }

    /// R7: names that look alike share a skeleton, whole scripts too; others do not.
    #[test]
    fn names_that_look_alike_share_a_skeleton() {
        let skeleton = |name: &str| UserName::parse(name).unwrap().skeleton;
        let alike = [
            // Cyrillic and Latin.
            ("\u{441}\u{43e}\u{441}\u{43e}", "coco"),
            ("\u{421}\u{41e}\u{421}\u{41e}", "coco"),
            // Greek and Latin.
            ("\u{39f}\u{3a1}\u{391}", "OPA"),
            ("AIice", "Alice"),
            ("paypa1", "paypal"),
            ("modern", "modem"),
            ("b0b", "bob"),
            ("ａｄａ", "ada"),
        ];
        for (one, other) in alike {
            assert_eq!(skeleton(one), skeleton(other), "{} {other}", one.escape_unicode());
        }
        let names =
            ["ada", "adah", "дмитрий", "dmitri", "ada-1", "ada-2", "ada_1", "山田太郎", "Müller", "Muller"];
        for (index, one) in names.iter().enumerate() {
            for other in &names[..index] {
                assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
            }
        }
    }

    /// R7: however it was typed, it is one name.
    #[test]
    fn forms_of_one_name_share_a_key() {
        let forms = [("Ada", "ada"), ("ａｄａ", "ada"), ("STRASSE", "straße"), ("e\u{301}mile", "ÉMILE")];
        for (one, other) in forms {
            assert_eq!(UserName::key_of(one), UserName::key_of(other), "{one} {other}");
        }
    }
}
