//! Passwords: which are acceptable (NIST SP 800-63B, section 3.1.1.2) and what is compared.

mod argon2id;
mod common;
mod hasher;

use std::ops::RangeInclusive;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

use crate::{email::Email, error::Error, secrets, user_name::UserName};

pub(crate) use self::hasher::{PasswordHasher, Room};

/// Characters of a password; every one counts, nothing is cut off.
const LENGTH: RangeInclusive<usize> = 8..=1_024;

/// Letters and digits of a generated password: 142 bits.
const GENERATED_LEN: usize = 24;

/// A password in the one form (NFKC) in which it is hashed: keyboards differ in how they compose characters.
#[derive(Debug, Clone)]
pub(crate) struct Password(SecretString);

impl Password {
    /// The password of somebody who signs in. One that cannot have been chosen is none.
    pub(crate) fn typed(text: &SecretString) -> Option<Self> {
        let password = Self::normalized(text);
        password.length_fits(text).then_some(password)
    }

    /// The password that somebody chooses, or what is wrong with it.
    pub(crate) fn chosen(text: &SecretString) -> Result<Self, &'static str> {
        let password = Self::normalized(text);
        if !password.length_fits(text) {
            return Err("must have 8 to 1024 characters");
        }
        if common::is_common(&password.folded()) {
            return Err("is among the first that an attacker tries");
        }
        Ok(password)
    }

    /// Makes one that nobody can guess.
    pub(crate) fn generated() -> Result<Self, Error> {
        Ok(Self(secrets::random_text(GENERATED_LEN)?))
    }

    /// Whether it merely repeats what everybody can see.
    pub(crate) fn repeats(&self, user_name: &UserName, email: &Email) -> bool {
        let password = UserName::key_of(self.0.expose_secret());
        let seen = [user_name.as_str(), email.as_str(), email.local_part()];
        seen.iter().any(|text| UserName::key_of(text) == password)
    }

    /// The text, to show it or to hash it.
    pub(crate) const fn secret(&self) -> &SecretString {
        &self.0
    }

    fn normalized(text: &SecretString) -> Self {
        Self(text.expose_secret().nfkc().collect::<String>().into())
    }

    fn length_fits(&self, typed: &SecretString) -> bool {
        [&self.0, typed].iter().all(|text| LENGTH.contains(&text.expose_secret().chars().count()))
    }

    fn folded(&self) -> String {
        self.0.expose_secret().to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<Password, &'static str> {
        Password::chosen(&text.into())
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(chosen("kZ4!p9q").is_err());
        assert!(chosen("kZ4!p9qw").is_ok());
        assert!(chosen("пароль-что-надо").is_ok());
        let long: String = ('a'..='z').cycle().step_by(3).take(1_024).collect();
        assert!(chosen(&long).is_ok());
        assert!(chosen(&format!("{long}x")).is_err());
    }

    #[test]
    fn what_attackers_try_first_is_refused() {
        for text in [
            "password",
            "Password1",
            "passw0rd!",
            "12345678",
            "87654321",
            "qwertyuiop",
            "aaaaaaaa",
            "abababab",
            "iloveyou2",
            "letmein123",
            "Administrator1!",
            "abcdefgh",
            "prosopa2026",
        ] {
            assert!(chosen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_common_word_among_many_other_characters_is_fine() {
        assert!(chosen("test-8317-4402-9956").is_ok());
        assert!(chosen("monkeys eat 9 bananas").is_ok());
    }

    #[test]
    fn repeating_the_name_or_the_address_is_noticed() {
        let (name, email) =
            (UserName::parse("Lovelace").unwrap(), Email::parse("a.lovelace@example.org").unwrap());
        for text in ["lovelace", "ＬＯＶＥＬＡＣＥ", "A.Lovelace@example.org", "a.lovelace"] {
            assert!(chosen(text).unwrap().repeats(&name, &email), "{text}");
        }
        assert!(!chosen("lovelace-1815").unwrap().repeats(&name, &email));
    }

    #[test]
    fn composed_and_decomposed_forms_are_one_password() {
        let [one, other] = ["caf\u{e9}-noir-42", "cafe\u{301}-noir-42"].map(|text| chosen(text).unwrap());
        assert_eq!(one.secret().expose_secret(), other.secret().expose_secret());
    }

    #[test]
    fn it_is_not_shown_for_debugging() {
        assert!(!format!("{:?}", chosen("correct-horse").unwrap()).contains("horse"));
    }
}
