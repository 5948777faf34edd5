//! The head of a request as a service gets it: written anew, without what concerned the client's connection, and with
//! what the service must know of the client (RFC 9110 section 7.6, RFC 9112 section 3.2).

use axum::{BoxError, extract::Request};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use http_body::Body as _;

use prosopa_http::cookies::authority_of;
use prosopa_runtime::{SignPrincipal, write_context};
use prosopa_telemetry::current_traceparent;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Writes the head for a service. The body's length is the one that is known here, whatever the client called it.
pub(super) fn prepare(
    request: &mut Request,
    service: &'static str,
    signer: &SignPrincipal,
) -> Result<(), BoxError> {
    name_host(request, service);
    let is_empty = request.body().size_hint().exact() == Some(0);
    let headers = request.headers_mut();
    let was_declared = headers.contains_key(header::CONTENT_LENGTH);
    drop_named(headers);
    drop_where(headers, |name| is_hop_by_hop(name) || is_written_here(name));
    if was_declared && is_empty {
        // A body that is there and empty; of others the connection tells the length itself.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    join_cookies(headers);
    write_context(request);
    signer.sign(request)?;
    if let Some(value) = current_traceparent().and_then(|text| HeaderValue::try_from(text).ok()) {
        request.headers_mut().insert(TRACEPARENT, value);
    }
    *request.version_mut() = Version::HTTP_11;
    request.extensions_mut().clear();
    Ok(())
}

/// Takes off what concerns one connection only, and whatever `Connection` names.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    drop_named(headers);
    drop_where(headers, is_hop_by_hop);
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What proxies write and anybody can make up, and what is answered or known here.
fn is_written_here(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "content-length" | "expect" | "forwarded" | "x-real-ip")
        || name.starts_with("x-forwarded-")
}

fn drop_named(headers: &mut HeaderMap) {
    let fields = headers.get_all(header::CONNECTION).iter().filter_map(|field| field.to_str().ok());
    let named: Vec<HeaderName> = fields
        .flat_map(|field| field.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim_ascii()).ok())
        // The host is the request's, whatever anybody says.
        .filter(|name| name != header::HOST)
        .collect();
    for name in named {
        headers.remove(name);
    }
}

fn drop_where(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

/// HTTP/2 lets cookies come in several fields, HTTP/1.1 in one (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let fields: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

/// Leaves path and query as the target and the host in `Host`: the one that the target named, else as the client sent it. A
/// request that names none, or several, asks for the service by its name, which is no client's.
fn name_host(request: &mut Request, service: &'static str) {
    let host = match (authority_of(request.uri(), request.headers()), request.uri().authority()) {
        (Some(_), None) => None,
        (Some(_), Some(authority)) => HeaderValue::try_from(authority.as_str()).ok(),
        (None, _) => Some(HeaderValue::from_static(service)),
    };
    if let Some(host) = host {
        request.headers_mut().insert(header::HOST, host);
    }
    if request.uri().authority().is_some() {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
}
