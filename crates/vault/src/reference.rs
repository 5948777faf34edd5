//! The account's own names for subjects, of which only a keyed hash is kept.
//!
//! The hash is HMAC-SHA-256 (RFC 2104) over the account's 16 bytes and the reference, under a key that is made once for a
//! database of keys: whoever finds the rows can neither try names nor see that two accounts know one person.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

use prosopa_model::AccountId;

use crate::{OpenError, VaultError, aead::KEY_BYTES, error::REFERENCE_CHARS_MAX};

/// The key under which references are hashed.
pub(crate) struct LookupKey(Key);

impl LookupKey {
    /// What the keyring binds the stored key to.
    pub(crate) const CONTEXT: &'static str = "vault/lookup-key";

    /// Fails if the secret has another length than a key.
    pub(crate) fn new(secret: &[u8]) -> Result<Self, OpenError> {
        if secret.len() == KEY_BYTES {
            Ok(Self(Key::new(HMAC_SHA256, secret)))
        } else {
            Err(OpenError::Damaged)
        }
    }

    /// The form in which a reference is kept and found.
    pub(crate) fn hash(&self, account_id: AccountId, reference: &str) -> Result<Vec<u8>, VaultError> {
        let length = reference.chars().take(REFERENCE_CHARS_MAX + 1).count();
        if length == 0 || length > REFERENCE_CHARS_MAX || reference.chars().any(char::is_control) {
            return Err(VaultError::Reference);
        }
        let mut text = account_id.uuid().as_bytes().to_vec();
        text.extend_from_slice(reference.as_bytes());
        Ok(sign(&self.0, &text).as_ref().to_vec())
    }
}
