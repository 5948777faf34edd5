//! Statements about the keys that clients sign with.

use prosopa_model::{AccountId, ApiClientId, PlanName, Role, Scopes, Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_as, row};

use super::{AccessKey, Algorithm, Store, Write};
use crate::{error::Error, store::users::Status};

/// A key to be kept.
pub(crate) struct NewClientKey {
    pub(crate) access_key: AccessKey,
    pub(crate) client_id: ApiClientId,
    /// The secret, sealed for this access key, or a public key.
    pub(crate) material: Vec<u8>,
    /// The keyring's key that sealed it; none for a public key.
    pub(crate) sealed_by: Option<String>,
    pub(crate) created_at: Timestamp,
}

row! {
    /// A key with what decides about it.
    pub(crate) struct StoredClientKey {
        pub(crate) client_id: ApiClientId,
        pub(crate) account_id: AccountId,
        pub(crate) user_id: UserId,
        pub(crate) role: Role,
        pub(crate) status: Status,
        pub(crate) requests_per_day_max: Option<u64>,
        pub(crate) plan: Option<PlanName>,
        pub(crate) name: String,
        pub(crate) scopes: Scopes,
        pub(crate) algorithm: Algorithm,
        pub(crate) material: Vec<u8>,
        pub(crate) key_ends_at: Option<Timestamp>,
        pub(crate) client_expires_at: Option<Timestamp>,
    }
}

impl StoredClientKey {
    /// When it ends unless something changes.
    pub(crate) fn ends_at(&self) -> Timestamp {
        let ends = [self.key_ends_at, self.client_expires_at];
        ends.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
    }
}

row! {
    /// A sealed secret.
    pub(crate) struct ClientSecret {
        pub(crate) access_key: AccessKey,
        pub(crate) material: Vec<u8>,
    }
}

impl Store {
    /// A key that has not ended, of a client that is neither revoked nor expired; its user may be deactivated.
    pub(crate) async fn find_client_key(
        &self,
        access_key: AccessKey,
        now: Timestamp,
    ) -> Result<Option<StoredClientKey>, Error> {
        let sql = "SELECT key.client_id, client.account_id, client.user_id, owner.role, owner.status,
                          owner.requests_per_day_max, owner.plan, client.name, client.scopes, client.algorithm,
                          key.material, key.ends_at AS key_ends_at, client.expires_at AS client_expires_at
                   FROM api_client_keys key
                   JOIN api_clients client ON client.id = key.client_id
                   JOIN users owner ON owner.id = client.user_id
                   WHERE key.id = $1 AND (key.ends_at IS NULL OR key.ends_at > $2)
                     AND client.revoked_at IS NULL AND (client.expires_at IS NULL OR client.expires_at > $2)";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, StoredClientKey>(sql)
            .bind(access_key.uuid())
            .bind(now.micros())
            .fetch_optional(c)
            .await)?)
    }

    /// Up to `limit` secrets that another key of the keyring sealed than this one, behind `after`.
    pub(crate) async fn list_client_secrets_not_sealed_by(
        &self,
        kid: &str,
        after: AccessKey,
        limit: u32,
    ) -> Result<Vec<ClientSecret>, Error> {
        let sql = "SELECT id AS access_key, material FROM api_client_keys
                   WHERE sealed_by <> $1 AND id > $2
                   ORDER BY id
                   LIMIT $3";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ClientSecret>(sql)
            .bind(kid)
            .bind(after.uuid())
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?)
    }
}

impl Write {
    /// Adds the newest key of a client, which has none that has no end.
    pub(crate) async fn insert_client_key(&mut self, key: &NewClientKey) -> Result<(), Error> {
        let sql = "INSERT INTO api_client_keys (id, client_id, material, sealed_by, created_at)
                   VALUES ($1, $2, $3, $4, $5)";
        on_db!(self.tx, c => query(sql)
            .bind(key.access_key.uuid())
            .bind(key.client_id.uuid())
            .bind(key.material.as_slice())
            .bind(key.sealed_by.as_deref())
            .bind(key.created_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Makes the newest key of a client the old one, and destroys the one that was it before.
    pub(crate) async fn retire_client_key(
        &mut self,
        client_id: ApiClientId,
        ends_at: Timestamp,
    ) -> Result<(), Error> {
        let sql = "DELETE FROM api_client_keys WHERE client_id = $1 AND ends_at IS NOT NULL";
        on_db!(self.tx, c => query(sql).bind(client_id.uuid()).execute(c).await.map(affected))?;
        let sql = "UPDATE api_client_keys SET ends_at = $2 WHERE client_id = $1";
        on_db!(self.tx, c => query(sql)
            .bind(client_id.uuid())
            .bind(ends_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Destroys every key of a client.
    pub(crate) async fn delete_client_keys(&mut self, client_id: ApiClientId) -> Result<(), Error> {
        let sql = "DELETE FROM api_client_keys WHERE client_id = $1";
        on_db!(self.tx, c => query(sql).bind(client_id.uuid()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Deletes up to `limit` keys that ended at `time` or before; says how many.
    pub(crate) async fn delete_ended_client_keys(
        &mut self,
        time: Timestamp,
        limit: u32,
    ) -> Result<u64, Error> {
        let sql = "DELETE FROM api_client_keys WHERE id IN (
                       SELECT id FROM api_client_keys WHERE ends_at <= $1 LIMIT $2)";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(time.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows)
    }

    /// Replaces a secret by the same one sealed anew, unless it is gone.
    pub(crate) async fn replace_client_secret(
        &mut self,
        access_key: AccessKey,
        material: &[u8],
        sealed_by: &str,
    ) -> Result<(), Error> {
        let sql = "UPDATE api_client_keys SET material = $2, sealed_by = $3 WHERE id = $1";
        on_db!(self.tx, c => query(sql)
            .bind(access_key.uuid())
            .bind(material)
            .bind(sealed_by)
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }
}
