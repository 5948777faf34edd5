//! Compresses answers while they are sent (RFC 9110, section 8.4), where that makes them much smaller.
//!
//! An answer that must not be kept, to a request with a cookie, is left as it is: a page of another site can have a browser
//! send such requests again and again with texts of its choice, and learn from the lengths of the compressed answers what
//! else is in them (the BREACH attack). Requests that bring their credentials otherwise cannot be forced on anybody.

use std::{convert::Infallible, future::ready};

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Body as _;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::{CompressionLevel, compression::CompressionLayer};

use prosopa_problem::Problem;

/// Below, an answer fits into one packet however it is packed.
const BYTES_MIN: u64 = 1_024;

/// Of 11 with Brotli, of 9 with gzip: where more work gives little.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// Types that are texts; pictures, films and archives are packed already, and streams of events must not wait for more.
const TYPES: [&str; 10] = [
    "application/json",
    "application/manifest+json",
    "application/wasm",
    "application/xml",
    "application/javascript",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
];

/// What the client can unpack.
pub(super) fn accepted(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ACCEPT_ENCODING).cloned()
}

/// See the module. A body of unknown length is taken for a long one.
pub(super) async fn compress(
    accepted: Option<HeaderValue>,
    has_cookie: bool,
    mut response: Response,
) -> Response {
    if !is_worthwhile(&response) {
        return response;
    }
    let is_secret = has_cookie && !may_be_kept(response.headers());
    let Some(accepted) = accepted.filter(|_| !is_secret) else {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
        return response;
    };
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
    let layer = CompressionLayer::new().quality(LEVEL).compress_when(always);
    let answer = service_fn(move |_: Request| {
        // A layer calls the service behind it once.
        ready(Ok::<_, Infallible>(std::mem::take(&mut response)))
    });
    let Ok(compressed) = layer.layer(answer).oneshot(request).await;
    let mut response = compressed.map(Body::new);
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        weaken_tag(response.headers_mut());
    }
    response
}

fn always(_: StatusCode, _: http::Version, _: &HeaderMap, _: &http::Extensions) -> bool {
    true
}

fn is_worthwhile(response: &Response) -> bool {
    let headers = response.headers();
    let has_body = response.status().is_success() && response.status() != StatusCode::NO_CONTENT;
    let is_text = || {
        let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = text.split(';').next().unwrap_or("").trim();
        TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known))
    };
    has_body
        && is_text()
        && length_of(response).is_none_or(|bytes| bytes >= BYTES_MIN)
        // The document of a problem is made at the very end.
        && response.extensions().get::<Problem>().is_none()
        && ![header::CONTENT_ENCODING, header::CONTENT_RANGE, header::SET_COOKIE]
            .iter()
            .any(|name| headers.contains_key(name))
        && !directives(headers).any(|directive| directive.eq_ignore_ascii_case("no-transform"))
}

fn length_of(response: &Response) -> Option<u64> {
    let announced = || response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    response.body().size_hint().exact().or_else(announced)
}

fn may_be_kept(headers: &HeaderMap) -> bool {
    !directives(headers).any(|directive| directive.eq_ignore_ascii_case("no-store"))
}

fn directives(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// What is compressed on the way is not byte for byte what the tag names (RFC 9110, section 8.8.1).
fn weaken_tag(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return };
    if !tag.starts_with("W/")
        && let Ok(weak) = HeaderValue::try_from(format!("W/{tag}"))
    {
        headers.insert(header::ETAG, weak);
    }
}
