//! The derived components of a request's target (RFC 9421 section 2.2).
//!
//! Reads the URI as it came: a request whose path was shortened on the way through routers cannot be verified.

use http::{
    HeaderMap, Method, Uri, Version, header,
    request::Parts,
    uri::{Authority, Scheme},
};

/// Host in lower case and port, without the scheme's own port (RFC 9421 section 2.2.3).
///
/// None if the request names no host, several, or another one in its target than in `Host`. Where the scheme is not
/// known, which is so for a plain target over HTTP/1.1, neither 80 nor 443 is written.
pub(super) fn authority(parts: &Parts) -> Option<String> {
    authority_of(&parts.uri, &parts.headers)
}

/// The host that a request names, in the form that signatures cover (RFC 9421, section 2.2.3): in lower case, without the
/// scheme's own port. None if it names no host, or several.
pub fn authority_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut named = headers.get_all(header::HOST).iter().map(|host| host.as_bytes());
    let in_field = named.next();
    if named.next().is_some() {
        return None;
    }
    let in_field = match in_field {
        Some(host) => Some(normalize(&Authority::try_from(host.trim_ascii()).ok()?, uri.scheme())?),
        None => None,
    };
    let in_target = match uri.authority() {
        Some(authority) => Some(normalize(authority, uri.scheme())?),
        None => None,
    };
    match (in_target, in_field) {
        (Some(target), Some(field)) => (target == field).then_some(target),
        (one, other) => one.or(other),
    }
}

fn normalize(authority: &Authority, scheme: Option<&Scheme>) -> Option<String> {
    // Deprecated for HTTP and an old trick to hide the host (RFC 9110 section 4.2.4).
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let behind = authority.as_str().get(authority.host().len()..)?;
    let port = match behind.strip_prefix(':').unwrap_or(behind) {
        "" => None,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse::<u16>().ok()?),
        _ => return None,
    };
    let is_default = match scheme.map(Scheme::as_str) {
        Some("http") => port == Some(80),
        Some("https") => port == Some(443),
        Some(_) => false,
        None => matches!(port, Some(80 | 443)),
    };
    Some(match port.filter(|_| !is_default) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    })
}

/// The scheme in lower case; none where the target does not name it.
pub(super) fn scheme(parts: &Parts) -> Option<String> {
    parts.uri.scheme_str().map(str::to_ascii_lowercase)
}

/// The whole target (RFC 9421 section 2.2.2); none where the scheme is not known.
pub(super) fn target_uri(parts: &Parts) -> Option<String> {
    let (scheme, authority) = (scheme(parts)?, authority(parts)?);
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{scheme}://{authority}{}{query}", path(parts)))
}

/// What stands in the request line, or in the pseudo-header `:path` (RFC 9421 section 2.2.5).
pub(super) fn request_target(parts: &Parts) -> Option<String> {
    if parts.method == Method::CONNECT {
        return parts.uri.authority().map(ToString::to_string);
    }
    if parts.version >= Version::HTTP_2 {
        return parts.uri.path_and_query().map(ToString::to_string);
    }
    Some(parts.uri.to_string())
}

/// The path as it came, percent-encoded; never empty (RFC 9421 section 2.2.6).
pub(super) fn path(parts: &Parts) -> String {
    let path = parts.uri.path();
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// The query as it came behind a question mark, which is also there without a query (RFC 9421 section 2.2.7).
pub(super) fn query(parts: &Parts) -> String {
    format!("?{}", parts.uri.query().unwrap_or_default())
}

/// The value of the only query parameter of this name, both percent-encoded anew (RFC 9421 section 2.2.8).
pub(super) fn query_param(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let mut values = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| encode(key) == name)
        .map(|(_, value)| encode(&value));
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn encode(text: &str) -> String {
    // A plus that was meant is %2B here; only spaces are written as one.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
