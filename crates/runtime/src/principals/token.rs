//! The token's form: a compact JWS (RFC 7515) with the claims of a JWT (RFC 7519), signed with Ed25519 (RFC 8037).

use http::HeaderName;
use jsonwebtoken::{Algorithm, Header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The header that carries the token.
pub const PROSOPA_PRINCIPAL: HeaderName = HeaderName::from_static("prosopa-principal");

/// The header that carries the principal's quota, JSON: it changes with every metered request, and allows nothing.
pub(super) const PROSOPA_QUOTA: HeaderName = HeaderName::from_static("prosopa-quota");

/// Whose tokens these are.
pub(super) const ISSUER: &str = "prosopa";

/// The one algorithm: it belongs to the key, whatever a token's header says.
pub(super) const ALGORITHM: Algorithm = Algorithm::EdDSA;

/// How long a token may be used.
pub(super) const LIFE_SECONDS: i64 = 60;

/// How far two processes' clocks may differ.
pub(super) const LEEWAY_SECONDS: i64 = 5;

/// Longest token, and likewise the longest quota, bytes. The largest plan's needs less than half of it.
pub(super) const LEN_MAX: usize = 8 * 1024;

/// What no other token of the product calls itself, so that none can pass for another (RFC 8725 section 3.11).
const TYPE: &str = "prosopa-principal+jwt";

/// What a token says. Times are seconds since the epoch.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims<P> {
    pub(super) iss: String,
    /// Name of the service that is called.
    pub(super) aud: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: Uuid,
    pub(super) principal: P,
}

/// The only header that tokens of this key have.
pub(super) fn header_of(kid: &str) -> Header {
    Header { typ: Some(TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(ALGORITHM) }
}
