//! The digest of a request's content (RFC 9530 section 2), with SHA-256.

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::BareItem;

use super::{
    error::SignatureError,
    field::{Value, combined, parse_dictionary},
};

/// The header that names the digests of the content.
pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Longest `Content-Digest` that is read, bytes. With every algorithm of the registry it has less than half.
const LEN_MAX: usize = 1024;

/// The name of SHA-256 in the registry of RFC 9530 section 7.2.
const SHA_256: &str = "sha-256";

/// The SHA-256 of a request's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// Wraps the 32 bytes of a SHA-256 that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Digests a content that lies in memory.
    pub fn of(content: &[u8]) -> Self {
        Self::read(digest(&SHA256, content).as_ref())
    }

    /// The value of [`CONTENT_DIGEST`].
    #[expect(clippy::expect_used, reason = "base64 is visible ASCII")]
    pub fn header_value(&self) -> HeaderValue {
        let text = format!("{SHA_256}=:{}:", STANDARD.encode(self.0));
        HeaderValue::try_from(text).expect("a digest is a header value")
    }

    /// What [`CONTENT_DIGEST`] says with SHA-256; other algorithms are passed over (RFC 9530 section 2).
    ///
    /// None without the header or without SHA-256 in it. Twice the same algorithm is malformed.
    pub(super) fn declared(headers: &HeaderMap) -> Result<Option<Self>, SignatureError> {
        let Some(text) = combined(headers, &CONTENT_DIGEST) else { return Ok(None) };
        if text.len() > LEN_MAX {
            return Err(SignatureError::TooLong("content-digest"));
        }
        let malformed = SignatureError::Malformed("content-digest");
        let members = parse_dictionary(&text).ok_or_else(|| malformed.clone())?;
        let mut named = members.iter().filter(|member| member.name.as_str() == SHA_256);
        let Some(member) = named.next() else { return Ok(None) };
        let Value::Item(BareItem::ByteSequence(bytes)) = &member.value else { return Err(malformed) };
        let bytes = bytes.as_slice().try_into().ok().filter(|_| named.next().is_none());
        bytes.map(|bytes| Some(Self(bytes))).ok_or(malformed)
    }

    pub(super) fn finish(context: Context) -> Self {
        Self::read(context.finish().as_ref())
    }

    /// The library gives as many bytes as the algorithm has.
    fn read(bytes: &[u8]) -> Self {
        let mut digest = [0; 32];
        digest.copy_from_slice(bytes);
        Self(digest)
    }
}
