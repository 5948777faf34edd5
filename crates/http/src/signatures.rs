//! Signed requests: HTTP message signatures (RFC 9421) with the digest of the content (RFC 9530).
//!
//! The mechanism alone. It knows no keys, remembers no nonces and answers nobody: who verifies does, in this order,
//!
//! 1. [`SignedRequest::parse`]: bounded reading of what the request claims, without any secret;
//! 2. [`SignedRequest::check_policy`]: whether it covers enough and is fresh, which gives the [`CheckedTerms`];
//! 3. look the key up by [`SignedRequest::key_id`], and [`SignedRequest::verify`] with it;
//! 4. note the nonce of this key, if it is not there yet, until [`CheckedTerms::remember_until`];
//! 5. pass the body on inside a [`ContentDigestBody`] with [`CheckedTerms::body_digest`].
//!
//! Who reads such a body must read it to the end before anything is committed; [`RestOfBody`] is for readers of forms,
//! which stop before it.
//!
//! The nonce is noted after the signature is known to be right, so that nobody can use up another's nonces.
//!
//! [`Signer`] is the other side, for the command line and for tests. Both build the signature base in one place.

mod base;
mod body;
mod component;
mod digest;
mod error;
mod field;
mod keys;
mod params;
mod policy;
mod request;
mod rest;
mod signer;
mod target;

pub use self::{
    body::{ContentDigestBody, DigestMismatch},
    digest::{CONTENT_DIGEST, ContentDigest},
    error::SignatureError,
    keys::{Algorithm, InvalidKey, SigningKey, VerifyingKey},
    policy::{CLOCK_SKEW_SECONDS, CheckedTerms, LIFE_SECONDS_MAX},
    request::{SIGNATURE, SIGNATURE_INPUT, SignedRequest},
    rest::RestOfBody,
    signer::{LIFE_SECONDS, Nonce, Signer, SigningError},
};

pub use self::target::authority_of;
