//! What a request tells the service it is passed on to, beside its own head, from the gateway to the service's internal
//! listener.
//!
//! In one process these are extensions of the request. Between processes they are headers that begin with `prosopa-`:
//! [`PublicRoutes`](crate::PublicRoutes) take such headers off, [`InternalRoutes`](crate::InternalRoutes) turn them into
//! the extensions again. Whom a principal is, a token says and nothing here.

use std::net::SocketAddr;

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use prosopa_http::{CurrentRequestId, Leftovers};
use prosopa_model::RequestId;
use prosopa_problem::Problem;

use crate::PeerAddress;

/// What headers between processes begin with.
const PREFIX: &str = "prosopa-";

/// Address and port of the client's end of its connection, `192.0.2.1:50000` or `[2001:db8::1]:50000`.
const PROSOPA_CLIENT_ADDRESS: HeaderName = HeaderName::from_static("prosopa-client-address");

/// The id that the request has in every process.
const PROSOPA_REQUEST_ID: HeaderName = HeaderName::from_static("prosopa-request-id");

/// On answers: the code of the problem document in the body, so that nobody on the way has to read it.
pub const PROSOPA_PROBLEM_CODE: HeaderName = HeaderName::from_static("prosopa-problem-code");

/// Takes off every header that only the product's own processes may set.
pub fn drop_internal_headers(headers: &mut HeaderMap) {
    let is_internal = |name: &&HeaderName| name.as_str().starts_with(PREFIX);
    let names: Vec<HeaderName> = headers.keys().filter(is_internal).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Writes what a request's extensions say of its client into its headers, for an internal listener. What it had of such
/// headers before is gone, the token of a principal too.
pub fn write_context<B>(request: &mut http::Request<B>) {
    drop_internal_headers(request.headers_mut());
    let address = request.extensions().get::<PeerAddress>().map(|address| address.0.to_string());
    let id = request.extensions().get::<CurrentRequestId>().map(|id| id.0.to_string());
    for (name, text) in [(PROSOPA_CLIENT_ADDRESS, address), (PROSOPA_REQUEST_ID, id)] {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            request.headers_mut().insert(name, value);
        }
    }
}

/// The outermost layer of an internal listener: the client is the one that the gateway names, and the gateway hears the
/// code of a problem. What the service left unread of a body is read before it answers, as the gateway does in one
/// process.
pub(crate) async fn pass_context(mut request: Request, next: Next) -> Response {
    read_context(&mut request);
    let leftovers = Leftovers::of(&mut request);
    let mut response = next.run(request).await;
    leftovers.discard().await;
    response.headers_mut().remove(PROSOPA_PROBLEM_CODE);
    if let Some(code) = response.extensions().get::<Problem>().map(Problem::code) {
        response.headers_mut().insert(PROSOPA_PROBLEM_CODE, HeaderValue::from_static(code.as_str()));
    }
    response
}

fn read_context(request: &mut Request) {
    if let Some(address) = request.headers_mut().remove(PROSOPA_CLIENT_ADDRESS) {
        // What cannot be read is nobody's address, least of all the gateway's.
        request.extensions_mut().remove::<PeerAddress>();
        if let Some(address) = parse::<SocketAddr>(&address) {
            request.extensions_mut().insert(PeerAddress(address));
        }
    }
    if let Some(id) = request.headers_mut().remove(PROSOPA_REQUEST_ID).as_ref().and_then(parse::<RequestId>) {
        request.extensions_mut().insert(CurrentRequestId(id));
    }
}

fn parse<T: std::str::FromStr>(value: &HeaderValue) -> Option<T> {
    value.to_str().ok()?.parse().ok()
}
