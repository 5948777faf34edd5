//! What is to be forgotten of what the verifier said: this service's side of the contract for whoever keeps answers.
//!
//! Every process of the service answers from the database, so that it knows of changes by all others.

use async_trait::async_trait;

use prosopa_contract::credential_changes::{Changes, ChangesError, CredentialChanges, Subjects};

use crate::{error::Error, store::Store};

/// Changes that are told one by one; where there are more, everything is to be forgotten.
const LISTED_MAX: u32 = 1_000;

/// Positions that are kept: who asks five times a second is not left behind by 50,000 changes a second.
pub(crate) const KEPT: u32 = 10_000;

/// Tells changes by the database.
pub(crate) struct StoreChanges {
    store: Store,
}

impl StoreChanges {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }

    async fn find(&self, position: Option<i64>) -> Result<Changes, Error> {
        if let Some(position) = position {
            let mut rows = self.store.list_changes_from(position, LISTED_MAX + 2).await?.into_iter();
            // While the known one is there, none behind it has been deleted.
            let is_known = rows.next().is_some_and(|first| first.position == position);
            if is_known && rows.len() <= LISTED_MAX as usize {
                let rows: Vec<_> = rows.collect();
                return Ok(Changes {
                    position: rows.last().map_or(position, |last| last.position),
                    subjects: Subjects::Listed(rows.into_iter().map(|row| row.subject_id).collect()),
                });
            }
        }
        let position = self.store.find_last_change().await?;
        Ok(Changes { position, subjects: Subjects::Everything })
    }
}

#[async_trait]
impl CredentialChanges for StoreChanges {
    async fn changes_since(&self, position: Option<i64>) -> Result<Changes, ChangesError> {
        self.find(position).await.map_err(|error| ChangesError { detail: error.to_string() })
    }
}
