//! Keys that sign and keys that verify. The algorithm belongs to the key, whatever a request claims.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey},
};

/// Shortest secret, bytes: as much as the hash gives (RFC 2104 section 3).
const SECRET_LEN_MIN: usize = 32;

/// How requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 9421 section 3.3.3).
    HmacSha256,
    /// `EdDSA` with the curve edwards25519 (RFC 9421 section 3.3.6).
    Ed25519,
}

impl Algorithm {
    /// The name in the registry of RFC 9421 section 6.2.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// The bytes are no key of the algorithm, or too few to be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of the algorithm")]
pub struct InvalidKey;

/// What a caller signs with. It is not shown.
pub struct SigningKey(Signing);

enum Signing {
    HmacSha256(Arc<hmac::Key>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// A shared secret of at least 32 bytes.
    pub fn hmac_sha256(secret: &[u8]) -> Result<Self, InvalidKey> {
        shared(secret).map(|key| Self(Signing::HmacSha256(key)))
    }

    /// A private key: the 32 bytes of RFC 8032 section 5.1.5.
    pub fn ed25519(seed: &[u8]) -> Result<Self, InvalidKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidKey)?;
        Ok(Self(Signing::Ed25519(Box::new(pair))))
    }

    /// A private key in PKCS#8 (RFC 8410), as `openssl genpkey` writes it, in DER.
    pub fn ed25519_pkcs8(der: &[u8]) -> Result<Self, InvalidKey> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| InvalidKey)?;
        Ok(Self(Signing::Ed25519(Box::new(pair))))
    }

    /// The algorithm of the key.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Signing::HmacSha256(_) => Algorithm::HmacSha256,
            Signing::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The bytes of the public key; none of a shared secret.
    pub fn public_key(&self) -> Option<&[u8]> {
        match &self.0 {
            Signing::HmacSha256(_) => None,
            Signing::Ed25519(pair) => Some(pair.public_key().as_ref()),
        }
    }

    pub(super) fn sign(&self, base: &[u8]) -> Vec<u8> {
        match &self.0 {
            Signing::HmacSha256(key) => hmac::sign(key, base).as_ref().to_vec(),
            Signing::Ed25519(pair) => pair.sign(base).as_ref().to_vec(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.algorithm().as_str())
    }
}

/// What a signature is verified with; cheap to clone. It is not shown.
#[derive(Clone)]
pub struct VerifyingKey(Verifying);

#[derive(Clone)]
enum Verifying {
    HmacSha256(Arc<hmac::Key>),
    Ed25519(ParsedPublicKey),
}

impl VerifyingKey {
    /// A shared secret of at least 32 bytes.
    pub fn hmac_sha256(secret: &[u8]) -> Result<Self, InvalidKey> {
        shared(secret).map(|key| Self(Verifying::HmacSha256(key)))
    }

    /// A public key: the 32 bytes of RFC 8032 section 5.1.5.
    pub fn ed25519(public: &[u8]) -> Result<Self, InvalidKey> {
        // The library would also take the key in DER; one form is enough.
        let public: &[u8; 32] = public.try_into().map_err(|_| InvalidKey)?;
        let key = ParsedPublicKey::new(&ED25519, public).map_err(|_| InvalidKey)?;
        Ok(Self(Verifying::Ed25519(key)))
    }

    /// The algorithm of the key.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Verifying::HmacSha256(_) => Algorithm::HmacSha256,
            Verifying::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Compares in a time that does not depend on the signature.
    pub(super) fn is_signature_of(&self, base: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Verifying::HmacSha256(key) => hmac::verify(key, base, signature).is_ok(),
            Verifying::Ed25519(key) => key.verify_sig(base, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, …)", self.algorithm().as_str())
    }
}

fn shared(secret: &[u8]) -> Result<Arc<hmac::Key>, InvalidKey> {
    let is_long_enough = secret.len() >= SECRET_LEN_MIN;
    is_long_enough.then(|| Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret))).ok_or(InvalidKey)
}
