//! The sections `auth.oidc.NAME`: providers of `OpenID` Connect that people may sign in with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use prosopa_http::cookies::is_origin;

use super::ConfigError;

/// Longest text, bytes.
const TEXT_LEN_MAX: usize = 254;

/// A provider that people may sign in with. What is not said is as Google has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcConfig {
    /// Its name for itself, without a slash at the end: `https://…`, on this machine also `http://…`.
    pub issuer: String,
    /// What it calls this product.
    pub client_id: String,
    /// A file that holds the secret shared with it, alone; none for a client that has none (RFC 6749, section 2.1).
    pub client_secret_file: Option<PathBuf>,
    /// What people call it.
    pub display_name: String,
    /// Where people reach the product: `https://…`, on this machine also `http://…`. The provider sends them back to
    /// `/api/v1/auth/oidc/NAME/callback` there.
    pub public_url: String,
}

impl Default for OidcConfig {
    fn default() -> Self {
        Self {
            issuer: "https://accounts.google.com".into(),
            client_id: String::new(),
            client_secret_file: None,
            display_name: "Google".into(),
            public_url: "http://127.0.0.1:8080".into(),
        }
    }
}

impl OidcConfig {
    /// Checks every value.
    pub(super) fn validate(&self, name: &str) -> Result<(), ConfigError> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_text =
            |text: &str| (1..=TEXT_LEN_MAX).contains(&text.len()) && !text.contains(char::is_control);
        let checks = [
            (
                (1..=32).contains(&name.len()) && name.bytes().all(is_name),
                "oidc",
                "named by at most 32 lower-case letters, digits and -",
            ),
            (
                is_issuer(&self.issuer),
                "oidc.issuer",
                "like https://accounts.google.com, without a slash at the end",
            ),
            (is_text(&self.client_id), "oidc.client_id", "what the provider calls this product"),
            (is_text(&self.display_name), "oidc.display_name", "a name"),
            (
                is_origin(&self.public_url),
                "oidc.public_url",
                "like https://prosopa.example.org; http only for this machine",
            ),
        ];
        let wrong = checks.into_iter().find(|(is_right, ..)| !is_right);
        wrong.map_or(Ok(()), |(_, key, expected)| Err(ConfigError { key, expected }))
    }
}

/// An origin and perhaps a path (`OpenID` Connect Discovery 1.0, section 4.3: no query, no fragment).
fn is_issuer(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@');
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split('/').next().unwrap_or(rest);
    text.len() <= TEXT_LEN_MAX
        && text.bytes().all(is_plain)
        && !text.ends_with('/')
        && is_origin(&format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn google() -> OidcConfig {
        OidcConfig { client_id: "prosopa".into(), ..OidcConfig::default() }
    }

    #[test]
    fn a_client_id_is_all_that_google_needs() {
        assert_eq!(google().validate("google"), Ok(()));
        assert!(OidcConfig::default().validate("google").is_err());
    }

    #[test]
    fn values_without_sense_are_named() {
        for issuer in [
            "",
            "accounts.google.com",
            "http://id.example.org",
            "https://id.example.org/",
            "https://a@b",
            "https://a?b",
        ] {
            let config = OidcConfig { issuer: issuer.into(), ..google() };
            assert!(
                config.validate("google").unwrap_err().to_string().starts_with("auth.oidc.issuer"),
                "{issuer}"
            );
        }
        for public_url in ["", "http://prosopa.example.org", "https://prosopa.example.org/"] {
            let config = OidcConfig { public_url: public_url.into(), ..google() };
            let error = config.validate("google").unwrap_err().to_string();
            assert!(error.starts_with("auth.oidc.public_url"), "{public_url}");
        }
        for name in ["", "Google", "a/b", "a_b"] {
            assert!(google().validate(name).is_err(), "{name}");
        }
        let realm = OidcConfig { issuer: "https://id.example.org/realms/one".into(), ..google() };
        assert_eq!(realm.validate("one"), Ok(()));
    }
}
