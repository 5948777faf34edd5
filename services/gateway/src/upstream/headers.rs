//! The head of a request as a service gets it: written anew, without what concerned the client's connection, and with
//! what the service must know of the client (RFC 9110 section 7.6, RFC 9112 section 3.2).

use axum::extract::Request;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use http_body::Body as _;

use prosopa_http::cookies::authority_of;
use prosopa_runtime::{PeerAddress, SignPrincipal, write_context};

/// What concerns one connection only, whether `Connection` names it or not.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// What proxies write and anybody can make up; and what is answered here.
const CLAIMED: [HeaderName; 9] = [
    header::FORWARDED,
    header::EXPECT,
    X_FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-real-ip"),
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Writes the head for a service. The body's length is the one that is known here, whatever the client called it.
pub(super) fn prepare(request: &mut Request, signer: &SignPrincipal) -> Result<(), axum::BoxError> {
    name_host(request);
    let length = request.body().size_hint().exact();
    let was_declared = request.headers_mut().remove(header::CONTENT_LENGTH).is_some();
    drop_hop_by_hop(request.headers_mut());
    for name in &CLAIMED {
        request.headers_mut().remove(name);
    }
    if was_declared && length == Some(0) {
        // A body that is there and empty; of others the connection tells the length itself.
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    write_context(request);
    signer.sign(request)?;
    let address = request.extensions().get::<PeerAddress>();
    if let Some(value) = address.and_then(|address| HeaderValue::try_from(address.0.ip().to_string()).ok()) {
        request.headers_mut().insert(X_FORWARDED_FOR, value);
    }
    if let Some(value) =
        prosopa_telemetry::current_traceparent().and_then(|text| HeaderValue::try_from(text).ok())
    {
        request.headers_mut().insert(TRACEPARENT, value);
    }
    *request.version_mut() = Version::HTTP_11;
    request.extensions_mut().clear();
    Ok(())
}

/// Takes off what concerns one connection only, and whatever `Connection` names.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
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
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Leaves path and query as the target and the host in `Host`: the one that the target named, else as the client sent it.
/// A host that is named twice, or differently, is none.
fn name_host(request: &mut Request) {
    let host = match (authority_of(request.uri(), request.headers()), request.uri().authority()) {
        (Some(_), None) => None,
        (Some(_), Some(authority)) => Some(HeaderValue::try_from(authority.as_str())),
        (None, _) => Some(Ok(HeaderValue::from_static(""))),
    };
    if let Some(Ok(host)) = host {
        request.headers_mut().insert(header::HOST, host);
    }
    if request.uri().authority().is_some() {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
}
