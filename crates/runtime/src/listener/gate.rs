//! What a request must be like before any route sees it, whichever HTTP it came by.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request::Parts};

use prosopa_http::{cookies::authority_of, harden};
use prosopa_model::RequestId;
use prosopa_problem::{Code, Problem};

use super::head::{Fault, HeadLimits, asks_for_web_socket};

const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Refuses what no route may be asked, and takes out what none may see.
pub(super) fn check(parts: &mut Parts, limits: HeadLimits) -> Result<(), Problem> {
    if parts.method == Method::CONNECT {
        return Err(malformed("this is no proxy"));
    }
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > limits.uri_bytes_max) {
        return Err(Problem::from(Fault::UriTooLong));
    }
    if parts.headers.len() > limits.fields_max {
        return Err(Problem::from(Fault::HeadTooLarge));
    }
    if !names_one_host(parts) {
        return Err(malformed("the request does not name one host"));
    }
    let has_expectation =
        |value: &HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"100-continue");
    if parts.headers.get_all(header::EXPECT).iter().any(has_expectation) {
        return Err(Problem::new(Code::ExpectationFailed));
    }
    // RFC 9110, section 7.8: an upgrade that is not known is not answered.
    if parts.headers.contains_key(header::UPGRADE) && !is_web_socket(&parts.headers) {
        parts.headers.remove(header::UPGRADE);
    }
    parts.headers.remove(HTTP2_SETTINGS);
    Ok(())
}

/// Whether what follows the request may be another protocol.
pub(super) fn is_web_socket(headers: &HeaderMap) -> bool {
    asks_for_web_socket(headers.get_all(header::UPGRADE))
}

/// Whether the connection must end with this answer: where an upgrade that was asked for is not granted, nobody has
/// looked at what follows.
pub(super) fn is_upgrade_denied(asked: bool, status: StatusCode) -> bool {
    asked && status != StatusCode::SWITCHING_PROTOCOLS
}

/// One host, in the target or in `Host`, or the same in both (RFC 9112, section 3.2; RFC 9113, section 8.3.1). Before
/// HTTP/1.1 there need not be one.
fn names_one_host(parts: &Parts) -> bool {
    let mut fields = parts.headers.get_all(header::HOST).iter();
    match (parts.uri.authority(), fields.next(), fields.next()) {
        (None, Some(host), None) if is_plain_host(host.as_bytes()) => true,
        (None, None, _) => parts.version == Version::HTTP_10,
        _ => authority_of(&parts.uri, &parts.headers).is_some_and(|host| host.bytes().all(is_host_byte)),
    }
}

/// A name or an IPv4 address with or without a port, so that nothing has to be taken apart.
fn is_plain_host(host: &[u8]) -> bool {
    let is_name = |name: &[u8]| {
        !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    };
    match host.iter().position(|byte| *byte == b':') {
        None => is_name(host),
        Some(colon) => {
            let port = &host[colon + 1..];
            is_name(&host[..colon]) && (1..=4).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
        }
    }
}

/// What names and addresses have. The grammar allows more, which no host has and some reader may take for an end.
const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(Code::MalformedRequest).with_detail(detail)
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(detail) => malformed(detail),
            Fault::UriTooLong => Self::new(Code::UriTooLong),
            Fault::HeadTooLarge => Self::new(Code::HeadersTooLarge),
        }
    }
}

/// The answer that no route has made.
pub(super) fn render(problem: &Problem) -> axum::response::Response {
    let id = RequestId::new().to_string();
    let code = problem.code().as_str();
    tracing::debug!(request_id = id, code, "request refused at the door");
    let mut response = problem.to_response(Some(&id));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(prosopa_http::X_REQUEST_ID, id);
    }
    harden(response.headers_mut());
    response
}
