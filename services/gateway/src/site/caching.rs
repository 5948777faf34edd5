//! How long browsers keep files, and whether they have one already.

use std::path::Path;

use http::{HeaderMap, HeaderValue, header};

/// The name changes with the content.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// To be asked about each time, which costs a 304.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// Characters of a digest in a name, at least.
const DIGEST_LEN_MIN: usize = 8;

/// How long a file is kept.
pub(super) fn policy(path: &Path) -> HeaderValue {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let is_page = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    if !is_page && has_digest(name) { FOREVER } else { ASK }
}

/// Whether a name has a digest before its endings, as bundlers write it: `index-D4x7Yz_1.css`, `app.8d3f1c20.js`. A word is
/// none: there are digits beside letters, or capitals within it beside small letters.
fn has_digest(name: &str) -> bool {
    let is_digest = |part: &str| {
        let has = |is_so: fn(&u8) -> bool| part.as_bytes().iter().any(is_so);
        let is_mixed =
            part.as_bytes().iter().skip(1).any(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        part.len() >= DIGEST_LEN_MIN
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && ((has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)) || is_mixed)
    };
    let parts: Vec<&str> = name.split(['-', '.']).collect();
    // The first is what it is called, the last its ending.
    parts.len() > 2 && parts[1..parts.len() - 1].iter().any(|part| is_digest(part))
}

/// Whether the client has what the answer would bring (RFC 9110, section 13.2.2). A time counts only if it is the one that
/// was told.
pub(super) fn is_known(asked: &HeaderMap, answered: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    if asked.contains_key(header::IF_NONE_MATCH) {
        let Some(own) = answered.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
        let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(','));
        return tags.any(|tag| tag.trim() == "*" || opaque(tag) == opaque(own));
    }
    let told = answered.get(header::LAST_MODIFIED);
    told.is_some() && asked.get(header::IF_MODIFIED_SINCE) == told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_digests_are_kept_for_good() {
        for name in ["index-D4x7Yz_1.css", "app.8d3f1c20.js", "index-DiwrgTda.js", "a-b-BNcWqJ8a.js.map"] {
            assert_eq!(policy(Path::new(name)), FOREVER, "{name}");
        }
        for name in [
            "index.html",
            "index-D4x7Yz_1.html",
            "app.js",
            "vendor-polyfills.js",
            "jquery-3.7.1.min.js",
            "report-20260101.csv",
            "8d3f1c20.js",
            "robots.txt",
            "",
        ] {
            assert_eq!(policy(Path::new(name)), ASK, "{name}");
        }
    }
}
