//! What is sealed under a subject's key.
//!
//! Sealed form: version byte 1, 12 bytes nonce, ciphertext with 16 bytes tag; AES-256-GCM-SIV (RFC 8452). Bound to it
//! without being in it: the version, what it is (1 a value, 2 a blob), the subject's 16 bytes, the context.

use prosopa_model::SubjectId;

use crate::{KeyringError, OpenError, aead::Cipher};

const VERSION: u8 = 1;

/// What is sealed; a value never opens as a blob of the same name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// A value in a row.
    Value = 1,
    /// A file.
    Blob = 2,
}

/// A subject's data key, ready to be used.
pub(crate) struct DataKey {
    subject: SubjectId,
    cipher: Cipher,
}

impl DataKey {
    /// Fails if the secret has another length than a key.
    pub(crate) fn new(subject: SubjectId, secret: &[u8]) -> Result<Self, OpenError> {
        let cipher = Cipher::new(secret).ok_or(OpenError::Damaged)?;
        Ok(Self { subject, cipher })
    }

    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        context: &str,
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyringError> {
        let bound = self.bound(purpose, context);
        self.cipher.seal(&[VERSION], &bound, plain).map_err(|_| KeyringError::Random)
    }

    pub(crate) fn open(
        &self,
        purpose: Purpose,
        context: &str,
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, OpenError> {
        if sealed.first() != Some(&VERSION) {
            return Err(OpenError::Damaged);
        }
        let bound = self.bound(purpose, context);
        self.cipher.open(1, &bound, sealed).map_err(|_| OpenError::Damaged)
    }

    /// All but the context has a fixed length, so that no two places are bound alike.
    fn bound(&self, purpose: Purpose, context: &str) -> Vec<u8> {
        let mut bound = vec![VERSION, purpose as u8];
        bound.extend_from_slice(self.subject.uuid().as_bytes());
        bound.extend_from_slice(context.as_bytes());
        bound
    }
}
