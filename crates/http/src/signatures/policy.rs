//! What a signature must cover and how fresh it must be, whoever made it.

use http::{HeaderMap, Method, header, request::Parts};

use prosopa_model::Timestamp;

use super::{
    component::Kind,
    digest::{CONTENT_DIGEST, ContentDigest},
    error::SignatureError,
    params::SignatureParams,
};

/// How far the caller's clock may be ahead, seconds.
pub const CLOCK_SKEW_SECONDS: i64 = 5;

/// Longest time from `created` to `expires`, seconds.
pub const LIFE_SECONDS_MAX: i64 = 300;

/// The tag of signatures that are meant for this product and no other; it may be left out.
pub(super) const TAG: &str = "prosopa";

/// How long a nonce is, characters. 16 of base64 are 96 bits.
const NONCE_LEN: std::ops::RangeInclusive<usize> = 16..=64;

/// What a signature promises, once it is known to cover enough and to be fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTerms {
    /// Used once by its key.
    pub nonce: String,
    /// When it was made, by the clock of whoever made it: nobody has used the nonce before.
    pub created: Timestamp,
    /// Until when the nonce must be remembered: no process takes the signature after that.
    pub remember_until: Timestamp,
    /// What the content must have: the covered digest, else that of nothing.
    pub body_digest: ContentDigest,
}

/// What the policy needs of a request besides the signature.
#[derive(Debug, Clone)]
pub(super) struct Content {
    needs_digest: bool,
    digest: Option<ContentDigest>,
}

impl Content {
    pub(super) fn read(parts: &Parts) -> Result<Self, SignatureError> {
        Ok(Self { needs_digest: may_have_content(parts), digest: ContentDigest::declared(&parts.headers)? })
    }
}

pub(super) fn check(
    params: &SignatureParams,
    content: &Content,
    now: Timestamp,
) -> Result<CheckedTerms, SignatureError> {
    if params.tag.as_deref().is_some_and(|tag| tag != TAG) {
        return Err(SignatureError::ForeignTag);
    }
    let required = [
        (Kind::Method, "@method"),
        (Kind::Authority, "@authority"),
        (Kind::Path, "@path"),
        (Kind::Query, "@query"),
    ];
    for (kind, name) in required {
        if !params.covers(&kind) {
            return Err(SignatureError::NotCovered(name));
        }
    }
    let body_digest = body_digest(params, content)?;
    let (created, expires) = check_times(params, now.seconds())?;
    let nonce = params.nonce.clone().filter(|nonce| is_nonce(nonce)).ok_or(SignatureError::InvalidNonce)?;
    let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    let remember_until = at(expires + CLOCK_SKEW_SECONDS);
    Ok(CheckedTerms { nonce, created: at(created), remember_until, body_digest })
}

fn body_digest(params: &SignatureParams, content: &Content) -> Result<ContentDigest, SignatureError> {
    if params.covers(&Kind::Field(CONTENT_DIGEST)) {
        return content.digest.ok_or(SignatureError::DigestMissing);
    }
    if content.needs_digest {
        return Err(SignatureError::NotCovered("content-digest"));
    }
    Ok(ContentDigest::of(b""))
}

/// Methods whose content has no meaning (RFC 9110 section 9.3) need no digest unless a content is announced.
///
/// Over HTTP/2 a content can come unannounced; that of nothing, which is then demanded, does not match it.
fn may_have_content(parts: &Parts) -> bool {
    let is_bare =
        [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS, Method::TRACE].contains(&parts.method);
    !is_bare || announces_content(&parts.headers)
}

fn announces_content(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    headers.contains_key(header::TRANSFER_ENCODING) || lengths.any(|length| length.as_bytes() != b"0")
}

/// Gives the second in which the signature was made, and that from which on it is expired.
fn check_times(params: &SignatureParams, now: i64) -> Result<(i64, i64), SignatureError> {
    let created = params.created.ok_or(SignatureError::CreatedMissing)?;
    let expires = params.expires.ok_or(SignatureError::ExpiresMissing)?;
    if !(1..=LIFE_SECONDS_MAX).contains(&expires.saturating_sub(created)) {
        return Err(SignatureError::InvalidLife);
    }
    if created > now.saturating_add(CLOCK_SKEW_SECONDS) {
        return Err(SignatureError::CreatedInFuture);
    }
    if now >= expires {
        return Err(SignatureError::Expired);
    }
    Ok((created, expires))
}

/// Both alphabets of base64 (RFC 4648), with or without padding; what the characters stand for is the caller's.
fn is_nonce(nonce: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    NONCE_LEN.contains(&nonce.len()) && nonce.bytes().all(is_base64)
}
