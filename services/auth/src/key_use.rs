//! When keys and clients were last used: noted in memory as they are verified, written later in batches.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use prosopa_model::{ApiClientId, ApiKeyId, Timestamp};

use crate::{
    error::Error,
    store::{Store, clients::AccessKey},
};

/// Keys noted between two writes; the use of further ones is not noted.
const PENDING_MAX: usize = 10_000;

/// What was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Used {
    /// An API key.
    Key(ApiKeyId),
    /// A client, by this key of it.
    Client(AccessKey),
    /// A client, by a certificate of it.
    CertifiedClient(ApiClientId),
}

/// Uses that are still to be written.
#[derive(Default)]
pub(crate) struct KeyUse {
    pending: Mutex<HashMap<Used, Timestamp>>,
}

impl KeyUse {
    /// Notes that it was used.
    pub(crate) fn note(&self, used: Used, now: Timestamp) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() < PENDING_MAX || pending.contains_key(&used) {
            let last = pending.entry(used).or_insert(now);
            *last = now.max(*last);
        }
    }

    /// Writes what was noted; what cannot be written stays noted.
    pub(crate) async fn flush(&self, store: &Store) -> Result<(), Error> {
        let uses = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        if uses.is_empty() {
            return Ok(());
        }
        let written = write(store, &uses).await;
        if written.is_err() {
            uses.into_iter().for_each(|(used, time)| self.note(used, time));
        }
        written
    }
}

async fn write(store: &Store, uses: &HashMap<Used, Timestamp>) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    for (used, time) in uses {
        match used {
            Used::Key(id) => tx.set_api_key_used(*id, *time).await?,
            Used::Client(access_key) => tx.set_client_used(*access_key, *time).await?,
            Used::CertifiedClient(id) => tx.set_certified_client_used(*id, *time).await?,
        }
    }
    tx.commit().await
}
