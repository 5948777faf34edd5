//! The contract of whoever knows the keys that API clients sign with: an access key in, the key behind it out.

mod grpc;

use async_trait::async_trait;
use secrecy::SecretSlice;

use prosopa_model::{Principal, Timestamp};

pub use self::grpc::{ClientKeysClient, serve_client_keys};

/// Tells which key a signature is to be checked with. Implemented by the auth service.
#[async_trait]
pub trait ClientKeys: Send + Sync + 'static {
    /// The key that the access key names: one that is live now, of a client and a user that are active.
    ///
    /// Unknown, ended and malformed access keys are not told apart: none.
    async fn find(&self, access_key: &str) -> Result<Option<ClientKey>, ClientKeysError>;

    /// Notes that a signature by this access key was right, for whoever asks when it was last used.
    async fn note_use(&self, access_key: &str);
}

/// A key that signatures are checked with, and for whom it signs. Its debug form shows no key.
#[derive(Debug, Clone)]
pub struct ClientKey {
    /// Who signs.
    pub principal: Principal,
    /// How, whatever a request says: the algorithm belongs to the key.
    pub algorithm: SignatureAlgorithm,
    /// The shared secret of [`SignatureAlgorithm::HmacSha256`], as it was shown (32 bytes or more), or the 32 bytes of
    /// the public key of [`SignatureAlgorithm::Ed25519`].
    pub material: SecretSlice<u8>,
    /// Until when the answer holds unless a change is told; none: it is good for this one request.
    pub valid_until: Option<Timestamp>,
}

/// How an API client signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// HMAC with SHA-256 (RFC 9421, section 3.3.3).
    HmacSha256,
    /// `EdDSA` with the curve edwards25519 (RFC 9421, section 3.3.6).
    Ed25519,
}

impl SignatureAlgorithm {
    /// The name in the registry of RFC 9421, section 6.2.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// Whether there is such a key cannot be told.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the keys of clients cannot be read: {detail}")]
pub struct ClientKeysError {
    /// Cause, for the log.
    pub detail: String,
}
