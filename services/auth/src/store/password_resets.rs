//! Statements about the tokens that a new password may be set with.

use prosopa_model::{Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_as, query_scalar, row};

use super::{Store, Write};
use crate::error::Error;

row! {
    /// A token that was made for a user.
    pub(crate) struct StoredReset {
        pub(crate) hash: Vec<u8>,
        pub(crate) expires_at: Timestamp,
        pub(crate) used_at: Option<Timestamp>,
    }
}

impl StoredReset {
    /// Whether a password may be set with it at `now`.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.expires_at > now
    }
}

impl Store {
    /// Whose password may be set with a token at `now`, by the digest of its text.
    pub(crate) async fn find_user_id_by_reset(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<UserId>, Error> {
        let sql = "SELECT user_id FROM password_resets
                   WHERE hash = $1 AND used_at IS NULL AND expires_at > $2";
        let mut connection = self.read().await?;
        let id = on_db!(connection, c => query_scalar::<_, uuid::Uuid>(sql)
            .bind(hash.to_vec())
            .bind(now.micros())
            .fetch_optional(c)
            .await)?;
        Ok(id.map(UserId::from_uuid))
    }
}

impl Write {
    /// A user's tokens made after `time`, used and expired ones too.
    pub(crate) async fn list_password_resets(
        &mut self,
        user_id: UserId,
        time: Timestamp,
    ) -> Result<Vec<StoredReset>, Error> {
        let sql = "SELECT hash, expires_at, used_at FROM password_resets
                   WHERE user_id = $1 AND created_at > $2";
        Ok(on_db!(self.tx, c => query_as::<_, StoredReset>(sql)
            .bind(user_id.uuid())
            .bind(time.micros())
            .fetch_all(c)
            .await)?)
    }

    /// Adds a token.
    pub(crate) async fn insert_password_reset(
        &mut self,
        hash: [u8; 32],
        user_id: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        let sql =
            "INSERT INTO password_resets (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
        on_db!(self.tx, c => query(sql)
            .bind(hash.to_vec())
            .bind(user_id.uuid())
            .bind(now.micros())
            .bind(expires_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Uses a token up; says whether it was live until now.
    pub(crate) async fn use_password_reset(&mut self, hash: [u8; 32], now: Timestamp) -> Result<bool, Error> {
        let sql = "UPDATE password_resets SET used_at = $2
                   WHERE hash = $1 AND used_at IS NULL AND expires_at > $2";
        let rows = on_db!(self.tx, c => {
            query(sql).bind(hash.to_vec()).bind(now.micros()).execute(c).await.map(affected)
        })?;
        Ok(rows > 0)
    }

    /// Uses all tokens of a user up.
    pub(crate) async fn use_password_resets_of(
        &mut self,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let sql = "UPDATE password_resets SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL";
        on_db!(self.tx, c => query(sql).bind(user_id.uuid()).bind(now.micros()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Deletes up to `limit` tokens made at `time` or before; says how many.
    pub(crate) async fn delete_password_resets(&mut self, time: Timestamp, limit: u32) -> Result<u64, Error> {
        let sql = "DELETE FROM password_resets WHERE hash IN (
                       SELECT hash FROM password_resets WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";
        Ok(on_db!(self.tx, c => query(sql)
            .bind(time.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?)
    }
}
