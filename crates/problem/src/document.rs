//! The problem document (RFC 9457) and its form as an HTTP answer.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use axum_core::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use prosopa_model::Timestamp;

use crate::Code;

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One value that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: an RFC 6901 JSON pointer into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// An error as the caller sees it, with the cause for the log.
///
/// Converted into a response, it lies in the response's extensions too, so that the outermost layer can add the
/// request id and log the cause once.
#[derive(Clone)]
pub struct Problem {
    code: Code,
    // Boxed, so that results that carry a problem stay small.
    more: Box<More>,
}

#[derive(Clone, Default)]
struct More {
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    members: Map<String, Value>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with nothing but its code.
    pub fn new(code: Code) -> Self {
        Self { code, more: Box::default() }
    }

    /// A fault that is ours; the caller learns nothing of the cause.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal).with_cause(cause)
    }

    /// Unacceptable value at one place.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::ValidationFailed).with_error(pointer, detail)
    }

    /// Says what happened this time, in a sentence for people.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.more.detail = Some(detail.into());
        self
    }

    /// Adds one unacceptable value.
    #[must_use]
    pub fn with_error(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.more.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Says when to try again: `retry_after_ms` and the header `Retry-After` in whole seconds, rounded up.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.more.retry_after = Some(delay);
        self
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an extension member that is a point in time.
    #[must_use]
    pub fn with_time(self, name: &str, time: Timestamp) -> Self {
        self.with_member(name, time.to_string())
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.more.headers.push((name, value));
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.more.cause = Some(Arc::from(cause.into()));
        self
    }

    /// What is special about this one, for the caller.
    pub fn detail(&self) -> Option<&str> {
        self.more.detail.as_deref()
    }

    /// The stable code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.more.cause.as_deref()
    }

    /// The document, with the id of the request it answers.
    pub fn to_json(&self, request_id: Option<&str>) -> Value {
        let mut document = Map::new();
        document.insert("type".into(), self.code.page_path().into());
        document.insert("title".into(), self.code.title().into());
        document.insert("status".into(), self.code.status().as_u16().into());
        document.insert("code".into(), self.code.as_str().into());
        if let Some(detail) = &self.more.detail {
            document.insert("detail".into(), detail.clone().into());
        }
        if !self.more.errors.is_empty() {
            document.insert("errors".into(), self.more.errors.iter().map(field_error_json).collect());
        }
        if let Some(delay) = self.more.retry_after {
            let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            document.insert("retry_after_ms".into(), delay_ms.into());
        }
        document.extend(self.more.members.clone());
        if let Some(request_id) = request_id {
            document.insert("request_id".into(), request_id.into());
        }
        Value::Object(document)
    }

    /// The answer, with the id of the request it answers.
    pub fn to_response(&self, request_id: Option<&str>) -> Response {
        let body = self.to_json(request_id).to_string();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(delay) = self.more.retry_after {
            let seconds = delay.as_millis().div_ceil(1_000).max(1);
            headers.insert(header::RETRY_AFTER, u64::try_from(seconds).unwrap_or(u64::MAX).into());
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        for (name, value) in &self.more.headers {
            headers.append(name, value.clone());
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

fn field_error_json(error: &FieldError) -> Value {
    serde_json::json!({ "pointer": error.pointer, "detail": error.detail })
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.code.as_str())
            .field("detail", &self.more.detail)
            .field("errors", &self.more.errors)
            .field("cause", &self.more.cause)
            .finish_non_exhaustive()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.to_response(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_stays_out_of_the_document() {
        let problem = Problem::internal("password=hunter2").with_detail("try again");
        assert!(!problem.to_json(None).to_string().contains("hunter2"));
    }

    #[test]
    fn a_short_delay_becomes_a_whole_second() {
        let problem = Problem::new(Code::RateLimited).with_retry_after(Duration::from_millis(20));
        let response = problem.to_response(Some("req_1"));
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(problem.to_json(Some("req_1"))["retry_after_ms"], 20);
    }
}
