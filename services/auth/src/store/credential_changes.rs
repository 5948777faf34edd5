//! Statements about what changed of credentials. The rows are written by triggers (`0011_credential_changes`).

use uuid::Uuid;

use prosopa_store::{affected, on_db, query, query_as, query_scalar, row};

use super::{Store, Write};
use crate::error::Error;

row! {
    /// One change.
    pub(crate) struct CredentialChange {
        pub(crate) position: i64,
        pub(crate) subject_id: Uuid,
    }
}

impl Store {
    /// The position of the last change. There is always one.
    pub(crate) async fn find_last_change(&self) -> Result<i64, Error> {
        let sql = "SELECT max(position) FROM credential_changes";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_scalar::<_, i64>(sql).fetch_one(c).await)?)
    }

    /// The first `limit` changes from `position` on, in order.
    pub(crate) async fn list_changes_from(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<CredentialChange>, Error> {
        let sql = "SELECT position, subject_id FROM credential_changes
                   WHERE position >= $1
                   ORDER BY position
                   LIMIT $2";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, CredentialChange>(sql)
            .bind(position)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?)
    }
}

impl Write {
    /// Deletes up to `limit` changes that are older than the last `kept` positions; says how many.
    pub(crate) async fn delete_old_changes(&mut self, kept: u32, limit: u32) -> Result<u64, Error> {
        let sql = "DELETE FROM credential_changes WHERE position IN (
                       SELECT position FROM credential_changes
                       WHERE position <= (SELECT max(position) - $1 FROM credential_changes)
                       ORDER BY position
                       LIMIT $2)";
        Ok(on_db!(self.tx, c => query(sql)
            .bind(i64::from(kept))
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?)
    }
}
