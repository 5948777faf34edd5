//! A request that claims to be signed: what it claims, and whether that is true.

use std::fmt;

use http::{HeaderMap, HeaderName, request::Parts};
use sfv::BareItem;

use prosopa_model::Timestamp;

use super::{
    base::signature_base,
    error::SignatureError,
    field::{Member, Value, combined, parse_dictionary},
    keys::VerifyingKey,
    params::SignatureParams,
    policy::{self, CheckedTerms, Content, TAG},
};

/// The header with what is signed (RFC 9421 section 4.1).
pub const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

/// The header with the signatures (RFC 9421 section 4.2).
pub const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// Longest of either header that is read, bytes.
const LEN_MAX: usize = 4096;

/// Most signatures that one request may have.
const SIGNATURES_MAX: usize = 4;

/// A request that claims to be signed.
///
/// Holds the signature base, so that the head of the request may change after it was read. Read it before anything
/// changes: a router that shortens the path, a proxy that sets `Host`.
#[derive(Clone)]
pub struct SignedRequest {
    params: SignatureParams,
    content: Content,
    base: String,
    signature: Vec<u8>,
}

impl SignedRequest {
    /// Reads the signature of a request; none if it has none.
    ///
    /// Of several signatures, of which others on the way may add some, the one with the tag `prosopa` counts. A label
    /// means nothing (RFC 9421 section 7.2.5).
    pub fn parse(parts: &Parts) -> Result<Option<Self>, SignatureError> {
        let inputs = members(&parts.headers, &SIGNATURE_INPUT, "signature-input")?;
        let signatures = members(&parts.headers, &SIGNATURE, "signature")?;
        let (inputs, signatures) = match (inputs, signatures) {
            (None, None) => return Ok(None),
            (Some(inputs), Some(signatures)) => (inputs, signatures),
            (Some(_), None) | (None, Some(_)) => return Err(SignatureError::Incomplete),
        };
        let input = choose(&inputs)?;
        let signature = signature_of(input, &inputs, &signatures)?;
        let params = SignatureParams::parse(input)?;
        let base = signature_base(parts, &params)?;
        Ok(Some(Self { params, content: Content::read(parts)?, base, signature }))
    }

    /// Whose key: 1 to 128 characters of ASCII, unverified.
    pub fn key_id(&self) -> &str {
        &self.params.key_id
    }

    /// The algorithm that the signature claims, unverified; for the log.
    pub fn claimed_algorithm(&self) -> Option<&str> {
        self.params.algorithm.as_deref()
    }

    /// The bytes that are signed (RFC 9421 section 2.5).
    pub fn signature_base(&self) -> &str {
        &self.base
    }

    /// Whether the signature covers what it must and is fresh. Says nothing about whether it is true.
    ///
    /// Required are `@method`, `@authority`, `@path` and `@query`; `content-digest` with SHA-256 too, unless the
    /// method is one without a content and none is announced; `created` at most 5 seconds ahead; `expires` at most 300
    /// seconds later and not reached; a nonce.
    pub fn check_policy(&self, now: Timestamp) -> Result<CheckedTerms, SignatureError> {
        policy::check(&self.params, &self.content, now)
    }

    /// Whether the signature is that of this request by this key.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), SignatureError> {
        let claimed = self.claimed_algorithm();
        if claimed.is_some_and(|algorithm| algorithm != key.algorithm().as_str()) {
            return Err(SignatureError::AlgorithmMismatch);
        }
        let is_right = key.is_signature_of(self.base.as_bytes(), &self.signature);
        is_right.then_some(()).ok_or(SignatureError::Mismatch)
    }
}

impl fmt::Debug for SignedRequest {
    /// Without the signature and the base: with a covered `Cookie` or `Authorization` it would hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

/// The members of one of the headers, each label once; none without the header.
fn members(
    headers: &HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<Vec<Member>>, SignatureError> {
    let len: usize = headers.get_all(name).iter().map(|line| line.len() + 2).sum();
    if len > LEN_MAX {
        return Err(SignatureError::TooLong(shown));
    }
    let Some(text) = combined(headers, name) else { return Ok(None) };
    let members = parse_dictionary(&text).ok_or(SignatureError::Malformed(shown))?;
    if members.is_empty() {
        return Err(SignatureError::Malformed(shown));
    }
    if members.len() > SIGNATURES_MAX {
        return Err(SignatureError::TooManySignatures);
    }
    let has_twice =
        |at: usize, member: &Member| members.iter().take(at).any(|other| other.name == member.name);
    if members.iter().enumerate().any(|(at, member)| has_twice(at, member)) {
        return Err(SignatureError::LabelsDiffer);
    }
    Ok(Some(members))
}

fn choose(inputs: &[Member]) -> Result<&Member, SignatureError> {
    if let [only] = inputs {
        return Ok(only);
    }
    let mut ours = inputs.iter().filter(|input| {
        let mut tags = input.parameters.iter().filter(|(name, _)| name.as_str() == "tag");
        tags.any(|(_, value)| value.as_string().is_some_and(|tag| tag.as_str() == TAG))
    });
    let one = ours.next().ok_or(SignatureError::Ambiguous)?;
    if ours.next().is_some() { Err(SignatureError::Ambiguous) } else { Ok(one) }
}

/// The signature of the input's label; both headers must have the same labels, each once.
fn signature_of(input: &Member, inputs: &[Member], signatures: &[Member]) -> Result<Vec<u8>, SignatureError> {
    let has_input = |signature: &Member| inputs.iter().any(|other| other.name == signature.name);
    if inputs.len() != signatures.len() || !signatures.iter().all(has_input) {
        return Err(SignatureError::LabelsDiffer);
    }
    let signature = signatures.iter().find(|signature| signature.name == input.name);
    match signature.map(|member| &member.value) {
        Some(Value::Item(BareItem::ByteSequence(bytes))) => Ok(bytes.clone()),
        _ => Err(SignatureError::Malformed("signature")),
    }
}
