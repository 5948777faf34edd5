//! E-mail addresses: syntax, and when two are the same.

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// Longest address in bytes (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const LEN_MAX: usize = 254;

/// An address of correct syntax. Whether it reaches anybody is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    text: String,
}

impl Email {
    /// Checks an address that somebody may write to from the internet.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        Self::parse_with(text, Options::default().with_required_tld())
    }

    /// Checks an address that may also be of this machine, such as `administrator@localhost`.
    pub(crate) fn parse_any(text: &str) -> Result<Self, &'static str> {
        Self::parse_with(text, Options::default().with_no_minimum_sub_domains())
    }

    fn parse_with(text: &str, options: Options) -> Result<Self, &'static str> {
        if text.len() > LEN_MAX {
            return Err("must have at most 254 bytes");
        }
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err("must not contain blanks or control characters");
        }
        let options = options.without_display_text().without_domain_literal();
        let address = EmailAddress::parse_with_options(text, options);
        address.map_err(|_| "must be an e-mail address such as ada@example.org")?;
        Ok(Self { text: text.to_owned() })
    }

    /// The address as it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What two addresses of one mailbox share.
    pub(crate) fn key(&self) -> String {
        Self::key_of(&self.text)
    }

    /// The key of a text that may be no address at all.
    pub(crate) fn key_of(text: &str) -> String {
        // Servers may tell the cases of the local part apart (RFC 5321, section 2.4); hardly one does, and people do not.
        text.to_lowercase().nfkc().collect()
    }

    /// The part in front of the `@`.
    pub(crate) fn local_part(&self) -> &str {
        self.text.rsplit_once('@').map_or(&self.text, |(local, _)| local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in ["ada@example.org", "a.b+c@sub.example.org", "müller@example.org", "o'neil@example.ie"] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for text in ["", "ada", "@example.org", "ada@", "a b@example.org", "Ada <ada@example.org>", &long] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
        for text in ["ada@[127.0.0.1]", "ada@localhost", "ada@example.org\n", "\"a b\"@example.org"] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_for_the_configuration_only() {
        assert!(Email::parse_any("administrator@localhost").is_ok());
    }

    #[test]
    fn cases_do_not_make_another_mailbox() {
        assert_eq!(Email::key_of("Ada@Example.ORG"), "ada@example.org");
    }
}
