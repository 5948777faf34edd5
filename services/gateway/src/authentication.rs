//! Finds the credential in a request's headers. Whether it is genuine, the verifier says.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::SecretString;

use prosopa_contract::verifier::CookieWish;

use crate::error::Refusal;

/// What tells who calls.
pub(crate) enum Presented {
    /// An access token or an API key.
    Credential(SecretString),
    /// The session cookie of a browser.
    Cookie {
        /// Its value.
        secret: SecretString,
        /// What it is to allow.
        wish: CookieWish,
    },
    /// A certificate that the handshake of TLS has verified, by its SHA-256.
    Certificate([u8; 32]),
}

/// The other place for an API key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Takes the credential out of the headers, so that no service sees it.
///
/// `Ok(None)`: there is none.
pub(crate) fn take_credential(headers: &mut HeaderMap) -> Result<Option<SecretString>, Refusal> {
    let authorization = take_single(headers, header::AUTHORIZATION)?;
    let api_key = take_single(headers, X_API_KEY)?;
    match (authorization, api_key) {
        (Some(_), Some(_)) => Err(Refusal::Malformed("send Authorization or X-API-Key, not both")),
        (Some(value), None) => bearer_token(&value).map(Some),
        (None, Some(value)) => text(&value).map(Some),
        (None, None) => Ok(None),
    }
}

/// Removes credentials unread: public operations do not look at them.
pub(crate) fn drop_credentials(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    headers.remove(X_API_KEY);
}

fn take_single(headers: &mut HeaderMap, name: HeaderName) -> Result<Option<HeaderValue>, Refusal> {
    let header::Entry::Occupied(entry) = headers.entry(name) else { return Ok(None) };
    let (_, mut values) = entry.remove_entry_mult();
    let value = values.next();
    if values.next().is_some() { Err(Refusal::Malformed("credentials are sent twice")) } else { Ok(value) }
}

/// RFC 6750 section 2.1; the scheme's letters may be of either case (RFC 9110 section 11.1).
fn bearer_token(value: &HeaderValue) -> Result<SecretString, Refusal> {
    let value = value.to_str().map_err(|_| Refusal::Unauthenticated)?;
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::Unauthenticated)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Refusal::Unauthenticated);
    }
    Ok(SecretString::from(token))
}

fn text(value: &HeaderValue) -> Result<SecretString, Refusal> {
    let value = value.to_str().map_err(|_| Refusal::Unauthenticated)?.trim_matches(' ');
    if value.is_empty() { Err(Refusal::Unauthenticated) } else { Ok(SecretString::from(value)) }
}
