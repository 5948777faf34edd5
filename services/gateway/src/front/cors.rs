//! Cross-origin resource sharing (Fetch standard, section 3.2): which pages of other sites may read answers.
//!
//! An origin is shared with if it is named, byte by byte; there are no patterns, and an answer never says `*`. What a
//! browser asks beforehand is answered here, since it comes without credentials; what is allowed is the same everywhere,
//! so that nobody learns from it which addresses there are.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::config::Cors;

const METHODS: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, PATCH, POST, PUT");

/// What pages may send beside what the standard always allows.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-digest, content-type, idempotency-key, if-match, if-none-match, prefer, range, signature, \
     signature-input, traceparent, x-api-key, x-csrf-token",
);

/// What pages may read beside what the standard always allows.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Idempotent-Replayed, Link, Location, Preference-Applied, \
     RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
);

/// With whom answers are shared.
pub(super) struct Sharing {
    origins: Vec<String>,
    with_credentials: bool,
    max_age: HeaderValue,
}

impl Sharing {
    pub(super) fn new(cors: &Cors) -> Self {
        Self {
            origins: cors.origins.clone(),
            with_credentials: cors.credentials,
            max_age: HeaderValue::from(cors.max_age_s),
        }
    }

    /// The page that asks, if answers are shared with it.
    pub(super) fn origin_of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if self.origins.is_empty() {
            return None;
        }
        let mut values = headers.get_all(header::ORIGIN).iter();
        let origin = values.next()?;
        let is_named = self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
        (is_named && values.next().is_none()).then(|| origin.clone())
    }

    /// The answer to a page's question whether it may send a request.
    pub(super) fn allow_request(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        response
    }

    /// Says on an answer who may read it. That it depends on who asks is said whoever does, lest a cache gives one page
    /// what it has kept for another.
    pub(super) fn mark(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
        if self.with_credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}
