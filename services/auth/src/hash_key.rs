//! Hashes of what could be guessed, and secrets that can be shown again without being kept.
//!
//! Both are HMAC-SHA-256 (RFC 2104) under a key that is made once for the database and lies in it sealed by the keyring:
//! whoever finds the rows alone can try no guess.

use aws_lc_rs::{
    hmac::{Context, HMAC_SHA256, Key},
    rand,
};
use zeroize::Zeroizing;

use prosopa_vault::Keyring;

use crate::{
    error::Error,
    store::{Store, hash_key::SealedHashKey},
};

/// What the keyring binds the stored key to.
const CONTEXT: &str = "auth/hash-key";

/// The key's length, bytes: as long as a hash (RFC 2104 section 3).
const KEY_BYTES: usize = 32;

/// The key.
pub(crate) struct HashKey(Key);

impl HashKey {
    /// Reads the key, making it where there is none; all processes over one database have the same.
    pub(crate) async fn load(store: &Store, keyring: &Keyring) -> Result<Self, Error> {
        let mut stored = store.find_hash_key().await?;
        if stored.is_none() {
            let mut secret = Zeroizing::new([0; KEY_BYTES]);
            rand::fill(&mut secret[..])?;
            let mut write = store.begin().await?;
            write.insert_hash_key(&seal(keyring, &secret[..])?).await?;
            write.commit().await?;
            // Another process may have been faster.
            stored = store.find_hash_key().await?;
        }
        let stored = stored.ok_or(Error::OpenHashKey(prosopa_vault::OpenError::Damaged))?;
        Ok(Self(Key::new(HMAC_SHA256, &open(keyring, stored)?)))
    }

    /// The hash of `parts` for a purpose; those of different purposes have nothing to do with each other.
    pub(crate) fn hash(&self, purpose: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = Context::with_key(&self.0);
        for part in [purpose.as_bytes()].iter().chain(parts) {
            // With its length, so that no two lists of parts are one text.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}

/// Seals the key anew if another key of the keyring has sealed it than the one that seals now, so that older ones can go.
pub(crate) async fn rewrap(store: &Store, keyring: &Keyring) -> Result<(), Error> {
    let stored = store.find_hash_key().await?.filter(|stored| stored.kid != keyring.active_id());
    let Some(stored) = stored else { return Ok(()) };
    let old_kid = stored.kid.clone();
    let renewed = seal(keyring, &open(keyring, stored)?)?;
    let mut write = store.begin().await?;
    write.replace_hash_key(&old_kid, &renewed).await?;
    write.commit().await
}

/// The name of the sealing key is read first: should the keyring change in between, the next look seals once more.
fn seal(keyring: &Keyring, secret: &[u8]) -> Result<SealedHashKey, Error> {
    let kid = keyring.active_id();
    Ok(SealedHashKey { sealed_key: keyring.seal(CONTEXT, secret)?, kid })
}

fn open(keyring: &Keyring, stored: SealedHashKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    let secret = keyring.open(CONTEXT, stored.sealed_key).map_err(Error::OpenHashKey)?;
    Ok(Zeroizing::new(secret))
}
