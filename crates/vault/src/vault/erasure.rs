//! Erasure: what was sealed for a subject never opens again, wherever copies of it lie.

use prosopa_model::{AccountId, SubjectId, Timestamp};

use super::{Vault, store};
use crate::VaultError;

/// Most subjects that one call erases.
const LIMIT_MAX: u32 = 1_000;

/// The sign that a subject was erased. It stays for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Who was erased.
    pub subject_id: SubjectId,
    /// Whose subject it was.
    pub account_id: AccountId,
    /// When it was erased first.
    pub erased_at: Timestamp,
}

impl Vault {
    /// Erases a subject: its key is destroyed, together with the reference it was known by.
    ///
    /// Done again, it gives back the first tombstone, and destroys a key that has come back. Blobs are worthless
    /// afterwards but still there: whoever knows their names [deletes](Self::delete_blob) them.
    /// [`VaultError::NoSubject`] where the account has no such subject, also if another account has.
    pub async fn erase(&self, account_id: AccountId, subject: SubjectId) -> Result<Tombstone, VaultError> {
        let mut tx = self.shared.database.begin().await?;
        let now = self.shared.clock.now();
        let tombstone = store::erase(&mut tx, account_id, subject, now).await?;
        let tombstone = tombstone.ok_or(VaultError::NoSubject(subject))?;
        tx.commit().await?;
        Ok(tombstone)
    }

    /// Erases some subjects of an account that is gone (at most `limit`, 1 to 1,000), and gives back how many there
    /// were. To be repeated until there is none; the name of the account is then all that its tombstones tell.
    pub async fn erase_of_account(&self, account_id: AccountId, limit: u32) -> Result<usize, VaultError> {
        let mut connection = self.shared.database.read().await?;
        let limit = limit.clamp(1, LIMIT_MAX);
        let mut subjects = store::list_of_account(&mut connection, account_id, limit).await?;
        drop(connection);
        // In one order everywhere: two that erase the same account must not wait for each other in a circle.
        subjects.sort_unstable();
        let mut tx = self.shared.database.begin().await?;
        let now = self.shared.clock.now();
        for subject in &subjects {
            store::erase(&mut tx, account_id, *subject, now).await?;
        }
        tx.commit().await?;
        Ok(subjects.len())
    }
}
