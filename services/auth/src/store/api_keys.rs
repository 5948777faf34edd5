//! Statements about API keys.

use prosopa_model::{AccountId, ApiKeyId, Cursor, PlanName, Role, Scopes, Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_as, row};

use super::{Store, Write, users::Status};
use crate::error::Error;

row! {
    /// A key, without its secret.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct ApiKey {
        pub(crate) id: ApiKeyId,
        pub(crate) name: String,
        pub(crate) scopes: Scopes,
        pub(crate) created_at: Timestamp,
        pub(crate) expires_at: Option<Timestamp>,
        pub(crate) last_used_at: Option<Timestamp>,
        /// When the newest secret was made, unless it was made with the key.
        pub(crate) rotated_at: Option<Timestamp>,
        /// When the secret before the newest was made; none if there was none.
        pub(crate) old_secret_created_at: Option<Timestamp>,
        pub(crate) old_secret_ends_at: Option<Timestamp>,
    }
}

/// The columns of an [`ApiKey`].
macro_rules! api_key_columns {
    () => {
        "id, name, scopes, created_at, expires_at, last_used_at, rotated_at, old_secret_created_at, old_secret_ends_at"
    };
}

impl ApiKey {
    /// Where the key stands in lists.
    pub(crate) const fn position(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.id.uuid() }
    }
}

row! {
    /// A key with what decides about it.
    pub(crate) struct StoredApiKey {
        pub(crate) account_id: AccountId,
        pub(crate) user_id: UserId,
        pub(crate) role: Role,
        pub(crate) status: Status,
        pub(crate) requests_per_day_max: Option<u64>,
        pub(crate) plan: Option<PlanName>,
        pub(crate) scopes: Scopes,
        pub(crate) name: String,
        pub(crate) secret_hash: Vec<u8>,
        pub(crate) old_secret_hash: Option<Vec<u8>>,
        pub(crate) old_secret_ends_at: Option<Timestamp>,
        pub(crate) expires_at: Option<Timestamp>,
    }
}

impl Store {
    /// A key that is not revoked.
    pub(crate) async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<StoredApiKey>, Error> {
        let sql = "SELECT key.account_id, key.user_id, owner.role, owner.status, owner.requests_per_day_max, owner.plan,
                          key.scopes, key.name, key.secret_hash, key.old_secret_hash, key.old_secret_ends_at,
                          key.expires_at
                   FROM api_keys key
                   JOIN users owner ON owner.id = key.user_id
                   WHERE key.id = $1 AND key.revoked_at IS NULL";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, StoredApiKey>(sql).bind(id.uuid()).fetch_optional(c).await)?)
    }

    /// A key of an account, unless it is revoked.
    pub(crate) async fn find_api_key_of(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, Error> {
        let sql = concat!(
            "SELECT ",
            api_key_columns!(),
            " FROM api_keys WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL"
        );
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ApiKey>(sql)
            .bind(id.uuid())
            .bind(account_id.uuid())
            .fetch_optional(c)
            .await)?)
    }

    /// Up to `limit` keys of an account that are not revoked, expired or not, newest first, behind `after`.
    pub(crate) async fn list_api_keys(
        &self,
        account_id: AccountId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<ApiKey>, Error> {
        let sql = concat!(
            "SELECT ",
            api_key_columns!(),
            " FROM api_keys
              WHERE account_id = $1 AND revoked_at IS NULL AND (created_at, id) < ($2, $3)
              ORDER BY created_at DESC, id DESC
              LIMIT $4"
        );
        let after = after.unwrap_or(Cursor { created_at: Timestamp::MAX, id: uuid::Uuid::max() });
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ApiKey>(sql)
            .bind(account_id.uuid())
            .bind(after.created_at.micros())
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?)
    }
}

impl Write {
    /// Keys of an account that are neither revoked nor expired.
    pub(crate) async fn count_live_api_keys(
        &mut self,
        account_id: AccountId,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM api_keys
                   WHERE account_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
        self.count_granted(sql, account_id, now).await
    }

    /// When the `rank`th newest key of an account was made, revoked and expired ones counted; none if there are fewer.
    pub(crate) async fn find_creation_of_newest_api_key(
        &mut self,
        account_id: AccountId,
        rank: u32,
    ) -> Result<Option<Timestamp>, Error> {
        let sql = "SELECT created_at FROM api_keys
                   WHERE account_id = $1
                   ORDER BY created_at DESC
                   LIMIT 1 OFFSET $2";
        self.find_granted_at(sql, account_id, rank).await
    }

    /// Adds a key.
    pub(crate) async fn insert_api_key(
        &mut self,
        key: &ApiKey,
        account_id: AccountId,
        user_id: UserId,
        secret_hash: [u8; 32],
    ) -> Result<(), Error> {
        let sql = "INSERT INTO api_keys (id, account_id, user_id, name, scopes, secret_hash, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        on_db!(self.tx, c => query(sql)
            .bind(key.id.uuid())
            .bind(account_id.uuid())
            .bind(user_id.uuid())
            .bind(key.name.as_str())
            .bind(key.scopes.to_string())
            .bind(secret_hash.to_vec())
            .bind(key.created_at.micros())
            .bind(key.expires_at.map(Timestamp::micros))
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Gives a key of an account another secret; the one before it works until `old_ends_at`, and whichever was before
    /// that works no more. None if there is no such key, or it is revoked or expired.
    ///
    /// One statement: of several at once each makes the newest of the one before it the old one.
    pub(crate) async fn rotate_api_key(
        &mut self,
        account_id: AccountId,
        id: ApiKeyId,
        secret_hash: [u8; 32],
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<Option<ApiKey>, Error> {
        let sql = concat!(
            "UPDATE api_keys SET secret_hash = $3, rotated_at = $4, old_secret_hash = secret_hash,
                    old_secret_created_at = coalesce(rotated_at, created_at), old_secret_ends_at = $5
             WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $4)
             RETURNING ",
            api_key_columns!()
        );
        Ok(on_db!(self.tx, c => query_as::<_, ApiKey>(sql)
            .bind(id.uuid())
            .bind(account_id.uuid())
            .bind(secret_hash.to_vec())
            .bind(now.micros())
            .bind(old_ends_at.micros())
            .fetch_optional(c)
            .await)?)
    }

    /// Revokes a key, whosever it is; says whether it was not revoked before.
    pub(crate) async fn revoke_leaked_api_key(
        &mut self,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(now.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// Revokes a key of an account; says whether there is one, revoked before or not.
    pub(crate) async fn revoke_api_key(
        &mut self,
        account_id: AccountId,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let sql =
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND account_id = $2";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(account_id.uuid())
            .bind(now.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// Revokes every key of a user.
    pub(crate) async fn revoke_api_keys_of(&mut self, user_id: UserId, now: Timestamp) -> Result<(), Error> {
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
        on_db!(self.tx, c => query(sql).bind(user_id.uuid()).bind(now.micros()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Deletes up to `limit` keys that were revoked or expired at `time` or before; says how many.
    pub(crate) async fn delete_ended_api_keys(&mut self, time: Timestamp, limit: u32) -> Result<u64, Error> {
        let sql = "DELETE FROM api_keys WHERE id IN (
                       SELECT id FROM api_keys WHERE revoked_at <= $1 OR expires_at <= $1 LIMIT $2)";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(time.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows)
    }

    /// Notes when a key was used, unless a later use is known.
    pub(crate) async fn set_api_key_used(&mut self, id: ApiKeyId, time: Timestamp) -> Result<(), Error> {
        let sql = "UPDATE api_keys SET last_used_at = $2
                   WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        on_db!(self.tx, c => query(sql).bind(id.uuid()).bind(time.micros()).execute(c).await.map(affected))?;
        Ok(())
    }
}
