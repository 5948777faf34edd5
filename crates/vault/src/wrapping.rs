//! Keys at rest: made here, sealed by the keyring, opened when they are used.

use zeroize::Zeroizing;

use crate::{Keyring, KeyringError, OpenError, aead, keyring};

/// A key sealed by the keyring.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    /// What [`Keyring::seal`] made.
    pub(crate) bytes: Vec<u8>,
    /// Which key of the keyring sealed it.
    pub(crate) kid: String,
}

impl WrappedKey {
    /// Makes a new key for the place named by `context`.
    pub(crate) fn random(keyring: &Keyring, context: &str) -> Result<Self, KeyringError> {
        let secret = aead::random_secret().map_err(|_| KeyringError::Random)?;
        Self::seal(keyring, context, secret.as_slice())
    }

    /// The key in the open, overwritten when it is dropped.
    pub(crate) fn open(self, keyring: &Keyring, context: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        keyring.open(context, self.bytes).map(Zeroizing::new)
    }

    /// Seals a key with the key of the keyring that seals now.
    pub(crate) fn seal(keyring: &Keyring, context: &str, secret: &[u8]) -> Result<Self, KeyringError> {
        let bytes = keyring.seal(context, secret)?;
        // The value says itself which key sealed it: the keyring may have been rotated since.
        let kid = keyring::key_id(&bytes).map_err(|_| KeyringError::Random)?.to_owned();
        Ok(Self { bytes, kid })
    }
}
