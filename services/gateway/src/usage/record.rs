//! What is told of a request: how it was asked, never who somebody is or what a body holds.

use axum::extract::Request;
use http::{HeaderMap, HeaderName, header};

use prosopa_contract::events::{UsageHeader, UsageRecord};
use prosopa_model::{Credential, Principal, RequestId, Timestamp};

/// Headers that are kept. All others, those with secrets among them, are not.
const KEPT: [HeaderName; 8] = [
    header::ACCEPT,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::USER_AGENT,
    HeaderName::from_static("prefer"),
    HeaderName::from_static("x-request-id"),
];

/// Bytes kept of a path, and of a header's value.
const TEXT_LEN_MAX: usize = 256;

/// The part of a record that is known when a request is admitted.
pub(crate) fn intent_of(
    request: &Request,
    operation: &str,
    principal: &Principal,
    request_id: Option<RequestId>,
    now: Timestamp,
) -> UsageRecord {
    let (credential_kind, credential_id) = match principal.credential {
        Credential::Session(id) => ("session", id.to_string()),
        Credential::ApiKey(id) => ("api_key", id.to_string()),
        Credential::Client(id) => ("client", id.to_string()),
    };
    UsageRecord {
        request_id: request_id.map(|id| id.to_string()).unwrap_or_default(),
        account_id: principal.account_id.to_string(),
        user_id: principal.user_id.to_string(),
        credential_kind: credential_kind.to_owned(),
        credential_id,
        operation: operation.to_owned(),
        method: request.method().as_str().to_owned(),
        path: cut(request.uri().path()),
        started_at_us: now.micros(),
        request_headers: kept_headers(request.headers()),
        ..UsageRecord::default()
    }
}

/// The headers that say how something was asked or answered.
pub(crate) fn kept_headers(headers: &HeaderMap) -> Vec<UsageHeader> {
    let values = KEPT.into_iter().filter_map(|name| Some((headers.get(&name)?.to_str().ok()?, name)));
    values.map(|(value, name)| UsageHeader { name: name.as_str().to_owned(), value: cut(value) }).collect()
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(TEXT_LEN_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
