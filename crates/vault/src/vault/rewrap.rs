//! Keys move to the master key that is active now, so that older ones can go.

use super::{
    Vault, key_context,
    store::{self, SubjectRow},
};
use crate::{Keyring, VaultError, reference::LookupKey, wrapping::WrappedKey};

/// Most keys that one call moves.
const LIMIT_MAX: u32 = 1_000;

impl Vault {
    /// Moves some keys (at most `limit`, 1 to 1,000) that are not sealed by the keyring's active key, and gives back
    /// how many were found. Nothing but their sealing changes; what they seal is not touched.
    ///
    /// To be repeated until it finds none; then no key of this database needs an older master key. Processes that do it
    /// at the same time do no harm. A key that does not open is left as it is and answered by [`VaultError::Key`], after
    /// the others were moved.
    pub async fn rewrap(&self, limit: u32) -> Result<u64, VaultError> {
        let shared = &*self.shared;
        let keyring = shared.keyring.clone();
        tokio::task::spawn_blocking(move || keyring.reload()).await.map_err(VaultError::Ended)??;
        let active = shared.keyring.active_id();
        let limit = limit.clamp(1, LIMIT_MAX);
        let mut connection = shared.database.read().await?;
        let lookup = store::find_lookup_key(&mut connection).await?.filter(|key| key.kid != active);
        let mut rows = store::list_not_under(&mut connection, &active, limit).await?;
        drop(connection);
        let found = rows.len() as u64 + u64::from(lookup.is_some());
        if let Some(old) = lookup {
            self.move_lookup_key(old).await?;
        }
        // In one order everywhere: two processes that move the same keys must not wait for each other in a circle.
        rows.sort_unstable_by_key(|row| row.id);
        self.move_keys(rows).await?;
        Ok(found)
    }

    async fn move_keys(&self, rows: Vec<SubjectRow>) -> Result<(), VaultError> {
        let mut first_failure = None;
        let mut moved = Vec::with_capacity(rows.len());
        for SubjectRow { id, account_id, wrapped_key, kid } in rows {
            let old = WrappedKey { bytes: wrapped_key, kid: kid.clone() };
            match renew(&self.shared.keyring, old, &key_context(account_id, id), &id.to_string()) {
                Ok(new) => moved.push((id, kid, new)),
                Err(failure) => first_failure = first_failure.or(Some(failure)),
            }
        }
        if !moved.is_empty() {
            let mut tx = self.shared.database.begin().await?;
            for (id, old_kid, new) in &moved {
                store::replace_key(&mut tx, *id, old_kid, new).await?;
            }
            tx.commit().await?;
        }
        first_failure.map_or(Ok(()), Err)
    }

    async fn move_lookup_key(&self, old: WrappedKey) -> Result<(), VaultError> {
        let old_kid = old.kid.clone();
        let new = renew(&self.shared.keyring, old, LookupKey::CONTEXT, "the look-up")?;
        let mut tx = self.shared.database.begin().await?;
        store::replace_lookup_key(&mut tx, &old_kid, &new).await?;
        Ok(tx.commit().await?)
    }
}

/// The same key, sealed by the key of the keyring that seals now.
fn renew(keyring: &Keyring, old: WrappedKey, context: &str, owner: &str) -> Result<WrappedKey, VaultError> {
    let secret = old.open(keyring, context);
    let secret = secret.map_err(|source| VaultError::Key { owner: owner.to_owned(), source })?;
    Ok(WrappedKey::seal(keyring, context, &secret)?)
}
