//! The keys that sign access tokens: made here, sealed at rest, rotated with overlap.
//!
//! A key is published before it signs, for as long as others may keep the published keys, and goes on verifying until
//! the last token it signed has expired. All processes over one database sign with the same key.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::ExposeSecret;

use prosopa_model::{Clock, Timestamp};
use prosopa_vault::Keyring;

use crate::{
    config::Config,
    error::Error,
    secrets,
    store::{Lock, Store, signing_keys::StoredSigningKey},
};

const KID_LEN: usize = 16;

/// A key and when it is used.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) signs_with: EncodingKey,
    pub(crate) verifies_with: DecodingKey,
    /// 32 bytes (RFC 8032).
    pub(crate) public_key: Vec<u8>,
    signs_from: Timestamp,
    signs_until: Timestamp,
    verifies_until: Timestamp,
}

/// All keys in use, in memory as in the database.
pub(crate) struct SigningKeys {
    store: Store,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    config: Config,
    by_kid: RwLock<HashMap<String, Arc<SigningKey>>>,
}

impl SigningKeys {
    /// Reads the keys, making the first where there is none.
    pub(crate) async fn load(
        store: Store,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Result<Self, Error> {
        let keys = Self { store, keyring, clock, config, by_kid: RwLock::default() };
        keys.rotate().await?;
        Ok(keys)
    }

    /// Makes the next key when it is time to publish it, removes those that verify no more, and reads what other
    /// processes made.
    pub(crate) async fn rotate(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut stored = self.store.list_signing_keys().await?;
        if self.is_next_due(&stored, now) || stored.iter().any(|key| key.verifies_until <= now) {
            let mut tx = self.store.begin_holding(&[Lock::SigningKeys]).await?;
            tx.delete_signing_keys_before(now).await?;
            stored = tx.list_signing_keys().await?;
            // Under the lock: no other process can be making one too.
            if self.is_next_due(&stored, now) {
                let key = self.make(&stored, now)?;
                tx.insert_signing_key(&key).await?;
                tracing::info!(kid = key.kid, "signing key made");
                stored.push(key);
            }
            tx.commit().await?;
        }
        let opened = stored.into_iter().map(|key| self.open(key).map(|key| (key.kid.clone(), Arc::new(key))));
        let opened = opened.collect::<Result<HashMap<_, _>, _>>()?;
        *self.by_kid.write().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(())
    }

    /// The key to sign with now.
    pub(crate) async fn signer(&self) -> Result<Arc<SigningKey>, Error> {
        if let Some(key) = self.current() {
            return Ok(key);
        }
        // The process slept through a rotation.
        self.rotate().await?;
        self.current().ok_or(Error::NoSigningKey)
    }

    /// The key of this id, if it may still verify.
    pub(crate) fn find(&self, kid: &str, now: Timestamp) -> Option<Arc<SigningKey>> {
        let by_kid = self.by_kid.read().unwrap_or_else(PoisonError::into_inner);
        by_kid.get(kid).filter(|key| key.verifies_until > now).cloned()
    }

    /// Every key that may verify, the one that signs last first.
    pub(crate) fn published(&self) -> Vec<Arc<SigningKey>> {
        let now = self.clock.now();
        let by_kid = self.by_kid.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<_> = by_kid.values().filter(|key| key.verifies_until > now).cloned().collect();
        keys.sort_by(|a, b| (b.signs_from, &b.kid).cmp(&(a.signs_from, &a.kid)));
        keys
    }

    /// The first key whose time to sign is not over: its turn has come, unless the clock was set back behind it.
    fn current(&self) -> Option<Arc<SigningKey>> {
        let now = self.clock.now();
        let by_kid = self.by_kid.read().unwrap_or_else(PoisonError::into_inner);
        by_kid.values().filter(|key| now < key.signs_until).min_by_key(|key| key.signs_from).cloned()
    }

    fn is_next_due(&self, stored: &[StoredSigningKey], now: Timestamp) -> bool {
        let last_ends = stored.iter().map(|key| key.signs_until).max();
        last_ends.is_none_or(|end| end <= now.after(self.config.jwks_cache_life()))
    }

    fn make(&self, stored: &[StoredSigningKey], now: Timestamp) -> Result<StoredSigningKey, Error> {
        let kid = secrets::random_text(KID_LEN)?.expose_secret().to_owned();
        let pair = Ed25519KeyPair::generate()?;
        let private_key = pair.to_pkcs8v1()?;
        let signs_from = stored.iter().map(|key| key.signs_until).max().map_or(now, |end| end.max(now));
        let signs_until = signs_from.after(self.config.signing_key_life());
        Ok(StoredSigningKey {
            sealed_private_key: self.keyring.seal(&seal_context(&kid), private_key.as_ref())?,
            public_key: pair.public_key().as_ref().to_vec(),
            kid,
            signs_from,
            signs_until,
            verifies_until: signs_until.after(self.config.signing_key_overlap()),
        })
    }

    fn open(&self, stored: StoredSigningKey) -> Result<SigningKey, Error> {
        let private_key = self.keyring.open(&seal_context(&stored.kid), stored.sealed_private_key);
        let private_key = private_key.map_err(|source| Error::Open { kid: stored.kid.clone(), source })?;
        Ok(SigningKey {
            kid: stored.kid,
            signs_with: EncodingKey::from_ed_der(&private_key),
            verifies_with: DecodingKey::from_ed_der(&stored.public_key),
            public_key: stored.public_key,
            signs_from: stored.signs_from,
            signs_until: stored.signs_until,
            verifies_until: stored.verifies_until,
        })
    }
}

/// Where a private key belongs: moved to another key's row it does not open.
fn seal_context(kid: &str) -> String {
    format!("auth/signing_keys/{kid}")
}
