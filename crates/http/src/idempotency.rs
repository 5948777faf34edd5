//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that may be sent again and is
//! done once.

use std::{fmt, time::Duration};

use axum::{extract::OptionalFromRequestParts, response::Response};
use http::{HeaderName, HeaderValue, request::Parts};

use prosopa_problem::{Code, Problem};

/// The caller's name for a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that the answer tells of what an earlier request made. The gateway takes no charge for such an answer.
pub const IDEMPOTENT_REPLAYED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));

/// Longest key, bytes.
const KEY_BYTES_MAX: usize = 255;

/// What [`IdempotencyKey`] reads, as a regular expression of JSON schema.
pub(crate) const KEY_PATTERN: &str = r#"^([!#-~]{1,255}|"[!#-~]{1,255}")$"#;

/// A key: 1 to 255 visible characters of ASCII. Some callers put secrets in; it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key, to be hashed.
    pub const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The draft's form is a quoted string; most callers send the plain text.
    fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?.trim();
        let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let text = quoted.unwrap_or(text);
        let is_valid = (1..=KEY_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        is_valid.then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey(…)")
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let key = Self::parse(value).filter(|_| values.next().is_none());
        let detail = "Idempotency-Key must be given once, with 1 to 255 visible characters of ASCII";
        key.map(Some).ok_or_else(|| Problem::new(Code::MalformedRequest).with_detail(detail))
    }
}

/// What is answered to a key that came with another request before.
pub fn key_reused() -> Problem {
    Problem::new(Code::IdempotencyKeyReused)
}

/// What is answered while the first request with the key is at work.
pub fn key_in_use() -> Problem {
    Problem::new(Code::IdempotencyKeyInUse).with_retry_after(Duration::from_secs(1))
}

/// Says that an answer tells of what an earlier request made.
#[must_use]
pub fn replayed(mut response: Response) -> Response {
    response.headers_mut().insert(IDEMPOTENT_REPLAYED.0, IDEMPOTENT_REPLAYED.1);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<String> {
        IdempotencyKey::parse(&HeaderValue::from_str(text).unwrap()).map(|key| key.0)
    }

    #[test]
    fn keys_are_read_plain_and_quoted() {
        assert_eq!(parse("8e03978e-40d5"), Some("8e03978e-40d5".into()));
        assert_eq!(parse("\"8e03978e-40d5\""), Some("8e03978e-40d5".into()));
        let longest = "k".repeat(255);
        assert_eq!(parse(&longest), Some(longest));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "\"\"", "a b", "a\"b", "\"a", &"k".repeat(256)] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(IdempotencyKey::parse(&HeaderValue::from_bytes(b"caf\xc3\xa9").unwrap()).is_none());
    }
}
