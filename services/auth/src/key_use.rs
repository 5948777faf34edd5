//! When keys were last used: noted in memory as they are verified, written later in batches.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use prosopa_model::{ApiKeyId, Timestamp};

use crate::{error::Error, store::Store};

/// Keys noted between two writes; the use of further ones is not noted.
const PENDING_MAX: usize = 10_000;

/// Uses that are still to be written.
#[derive(Default)]
pub(crate) struct KeyUse {
    pending: Mutex<HashMap<ApiKeyId, Timestamp>>,
}

impl KeyUse {
    /// Notes that a key was used.
    pub(crate) fn note(&self, id: ApiKeyId, now: Timestamp) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() < PENDING_MAX || pending.contains_key(&id) {
            let last = pending.entry(id).or_insert(now);
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
            uses.into_iter().for_each(|(id, time)| self.note(id, time));
        }
        written
    }
}

async fn write(store: &Store, uses: &HashMap<ApiKeyId, Timestamp>) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    for (id, time) in uses {
        tx.set_api_key_used(*id, *time).await?;
    }
    tx.commit().await
}
