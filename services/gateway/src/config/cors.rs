//! Which other sites' pages may read answers.

use serde::{Deserialize, Serialize};

use prosopa_http::cookies::is_origin;

use super::{ConfigError, check};

/// Origins that can be named.
const ORIGINS_MAX: usize = 100;

/// Longest time for which a browser keeps what it was allowed, seconds: none keeps it longer than a day.
const MAX_AGE_MAX_S: u32 = 86_400;

/// Cross-origin resource sharing (Fetch standard): nothing is shared unless origins are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cors {
    /// Origins exactly as browsers write them, `https://app.example.org`; up to 100, no patterns.
    pub origins: Vec<String>,
    /// Whether their pages may come with the session of a browser. What changes something needs
    /// [`browser_origins`](super::Config::browser_origins) as well.
    pub credentials: bool,
    /// How long a browser may keep that something is allowed, seconds; up to 86,400.
    pub max_age_s: u32,
}

impl Default for Cors {
    fn default() -> Self {
        Self { origins: Vec::new(), credentials: false, max_age_s: 600 }
    }
}

impl Cors {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let are_sound = self.origins.len() <= ORIGINS_MAX && self.origins.iter().all(|text| is_written(text));
        check(are_sound, "cors.origins", || {
            format!("up to {ORIGINS_MAX} origins as browsers write them, such as https://app.example.org")
        })?;
        check(self.max_age_s <= MAX_AGE_MAX_S, "cors.max_age_s", || format!("at most {MAX_AGE_MAX_S}"))
    }
}

/// Browsers write origins in lower case, and no port that is the scheme's own.
fn is_written(text: &str) -> bool {
    let is_own_port = (text.starts_with("https:") && text.ends_with(":443"))
        || (text.starts_with("http:") && text.ends_with(":80"));
    let is_written = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'-' | b':' | b'/' | b'[' | b']')
    };
    is_origin(text) && !is_own_port && text.bytes().all(is_written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_as_browsers_write_them_are_taken() {
        let validate = |origin: &str| Cors { origins: vec![origin.into()], ..Cors::default() }.validate();
        for origin in ["https://app.example.org", "https://app.example.org:8443", "http://localhost:3000"] {
            assert_eq!(validate(origin), Ok(()), "{origin}");
        }
        for origin in [
            "*",
            "null",
            "https://*.example.org",
            "https://App.example.org",
            "https://app.example.org/",
            "https://app.example.org:443",
            "http://app.example.org",
            "http://localhost:80",
            "app.example.org",
            "",
        ] {
            let error = validate(origin).unwrap_err().to_string();
            assert!(error.starts_with("cors.origins"), "{origin}");
        }
    }

    #[test]
    fn a_time_that_no_browser_keeps_is_refused() {
        let cors = Cors { max_age_s: 86_401, ..Cors::default() };
        assert_eq!(cors.validate().unwrap_err().to_string(), "cors.max_age_s must be at most 86400");
    }
}
