//! Where a person goes after a sign-in: a path of this host and nothing else, so that no link to the sign-in leads away.

use prosopa_problem::FieldError;

use crate::error::Error;

/// Longest path with its query, bytes; it has to fit into a cookie.
const LEN_MAX: usize = 1_024;

/// A path that every browser resolves against the host that it came from.
pub(super) struct ReturnPath(String);

impl ReturnPath {
    /// Checks a path; without one it is `/`.
    ///
    /// Browsers read a backslash as a slash, drop blanks and control characters, and take what follows two slashes for a
    /// host (WHATWG URL, section 4.4).
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Error> {
        let text = text.unwrap_or("/");
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        let is_path = text.starts_with('/') && !text.starts_with("//");
        if is_path && text.len() <= LEN_MAX && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        let detail = format!("must be a path of this host such as /dashboard, at most {LEN_MAX} bytes");
        Err(Error::Invalid(vec![FieldError { pointer: "?return_to".to_owned(), detail }]))
    }

    /// The path.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::Url;

    use super::*;

    #[test]
    fn paths_of_this_host_are_kept_as_they_are() {
        for path in ["/", "/dashboard", "/a/b?c=d&e=//f#g", "/%2f%2fevil.example", "/.//x", "/@evil.example"]
        {
            assert_eq!(ReturnPath::parse(Some(path)).unwrap().into_text(), path);
        }
        assert_eq!(ReturnPath::parse(None).unwrap().into_text(), "/");
    }

    /// A1: nobody is led to another site by a link to this one.
    #[test]
    fn whatever_leads_away_is_refused() {
        for path in [
            "",
            "dashboard",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\u{2044}evil.example",
            "@evil.example",
            ".evil.example",
        ] {
            assert!(ReturnPath::parse(Some(path)).is_err(), "{path:?}");
        }
        assert!(ReturnPath::parse(Some(&format!("/{}", "a".repeat(1_023)))).is_ok());
        assert!(ReturnPath::parse(Some(&format!("/{}", "a".repeat(1_024)))).is_err());
    }

    proptest! {
        /// As a browser resolves it, what is taken stays on the host.
        #[test]
        fn what_is_taken_stays_here(text in "[/\\\\.@:?#a-z\\t\\n %]{0,12}") {
            let here = Url::parse("https://prosopa.example.org/api/v1/auth/oidc/google/callback?x").unwrap();
            if let Ok(path) = ReturnPath::parse(Some(&text)) {
                let there = here.join(&path.into_text()).unwrap();
                prop_assert_eq!(there.origin(), here.origin());
            }
        }
    }
}
