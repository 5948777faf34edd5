//! Statements about API clients and the keys that they sign with.

mod certificates;
mod keys;

use std::str::FromStr;

use prosopa_contract::client_keys::SignatureAlgorithm;
use prosopa_model::{
    AccountId, ApiClientId, Cursor, Id, Kind, Scopes, Timestamp, UserId, principal::UnknownName,
};
use prosopa_store::{Column, ColumnError, affected, on_db, query, query_as, row};

pub(crate) use self::{
    certificates::ClientCertificate,
    keys::{ClientSecret, NewClientKey},
};

use super::{Store, Write};
use crate::{error::Error, key_text::HasText};

/// Marks the ids of keys that clients sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientKeyKind;

impl Kind for ClientKeyKind {
    const PREFIX: &'static str = "psa";
}

impl HasText for ClientKeyKind {
    const TEXT_PREFIX: &'static str = "pss_";
}

/// Names a key that a client signs with, in every request; no secret.
pub(crate) type AccessKey = Id<ClientKeyKind>;

/// How a client signs, in its stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithm(pub(crate) SignatureAlgorithm);

impl FromStr for Algorithm {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [SignatureAlgorithm::HmacSha256, SignatureAlgorithm::Ed25519];
        known.into_iter().find(|known| known.as_str() == text).map(Self).ok_or(UnknownName)
    }
}

impl Column for Algorithm {
    type Stored = String;

    fn from_stored(stored: String) -> Result<Self, ColumnError> {
        stored.parse().map_err(|_| ColumnError(stored))
    }
}

row! {
    /// A client, and its keys without what they hold.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct ApiClient {
        pub(crate) id: ApiClientId,
        pub(crate) name: String,
        pub(crate) scopes: Scopes,
        pub(crate) algorithm: Algorithm,
        pub(crate) created_at: Timestamp,
        pub(crate) expires_at: Option<Timestamp>,
        pub(crate) last_used_at: Option<Timestamp>,
        /// The newest key.
        pub(crate) access_key: AccessKey,
        pub(crate) key_created_at: Timestamp,
        /// The key before it, ended or not.
        pub(crate) old_access_key: Option<AccessKey>,
        pub(crate) old_key_created_at: Option<Timestamp>,
        pub(crate) old_key_ends_at: Option<Timestamp>,
    }
}

impl ApiClient {
    /// Where the client stands in lists.
    pub(crate) const fn position(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.id.uuid() }
    }
}

macro_rules! clients_where {
    ($condition:literal) => {
        concat!(
            "SELECT client.id, client.name, client.scopes, client.algorithm, client.created_at, client.expires_at,
                    client.last_used_at, newest.id AS access_key, newest.created_at AS key_created_at,
                    old.id AS old_access_key, old.created_at AS old_key_created_at, old.ends_at AS old_key_ends_at
             FROM api_clients client
             JOIN api_client_keys newest ON newest.client_id = client.id AND newest.ends_at IS NULL
             LEFT JOIN api_client_keys old ON old.client_id = client.id AND old.ends_at IS NOT NULL
             WHERE client.revoked_at IS NULL AND ",
            $condition
        )
    };
}

const FIND: &str = clients_where!("client.id = $1 AND client.account_id = $2");

impl Store {
    /// A client of an account, unless it is revoked.
    pub(crate) async fn find_client_of(
        &self,
        account_id: AccountId,
        id: ApiClientId,
    ) -> Result<Option<ApiClient>, Error> {
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ApiClient>(FIND)
            .bind(id.uuid())
            .bind(account_id.uuid())
            .fetch_optional(c)
            .await)?)
    }

    /// A client, whosever it is, unless it is revoked.
    pub(crate) async fn find_client(&self, id: ApiClientId) -> Result<Option<ApiClient>, Error> {
        let sql = clients_where!("client.id = $1");
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ApiClient>(sql).bind(id.uuid()).fetch_optional(c).await)?)
    }

    /// Up to `limit` clients of an account that are not revoked, expired or not, newest first, behind `after`.
    pub(crate) async fn list_clients(
        &self,
        account_id: AccountId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<ApiClient>, Error> {
        let sql = clients_where!(
            "client.account_id = $1 AND (client.created_at, client.id) < ($2, $3)
             ORDER BY client.created_at DESC, client.id DESC
             LIMIT $4"
        );
        let after = after.unwrap_or(Cursor { created_at: Timestamp::MAX, id: uuid::Uuid::max() });
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ApiClient>(sql)
            .bind(account_id.uuid())
            .bind(after.created_at.micros())
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?)
    }
}

impl Write {
    /// A client of an account as it is under the account's lock, unless it is revoked.
    pub(crate) async fn find_client_of(
        &mut self,
        account_id: AccountId,
        id: ApiClientId,
    ) -> Result<Option<ApiClient>, Error> {
        Ok(on_db!(self.tx, c => query_as::<_, ApiClient>(FIND)
            .bind(id.uuid())
            .bind(account_id.uuid())
            .fetch_optional(c)
            .await)?)
    }

    /// Clients of an account that are neither revoked nor expired.
    pub(crate) async fn count_live_clients(
        &mut self,
        account_id: AccountId,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM api_clients
                   WHERE account_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
        self.count_granted(sql, account_id, now).await
    }

    /// When the `rank`th newest client of an account was made, revoked and expired ones counted; none if there are fewer.
    pub(crate) async fn find_creation_of_newest_client(
        &mut self,
        account_id: AccountId,
        rank: u32,
    ) -> Result<Option<Timestamp>, Error> {
        let sql = "SELECT created_at FROM api_clients
                   WHERE account_id = $1
                   ORDER BY created_at DESC
                   LIMIT 1 OFFSET $2";
        self.find_granted_at(sql, account_id, rank).await
    }

    /// Adds a client, whose key is added next.
    pub(crate) async fn insert_client(
        &mut self,
        client: &ApiClient,
        account_id: AccountId,
        user_id: UserId,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO api_clients (id, account_id, user_id, name, scopes, algorithm, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        on_db!(self.tx, c => query(sql)
            .bind(client.id.uuid())
            .bind(account_id.uuid())
            .bind(user_id.uuid())
            .bind(client.name.as_str())
            .bind(client.scopes.to_string())
            .bind(client.algorithm.0.as_str())
            .bind(client.created_at.micros())
            .bind(client.expires_at.map(Timestamp::micros))
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Revokes a client of an account and destroys its keys; says whether there is one, revoked before or not.
    pub(crate) async fn revoke_client(
        &mut self,
        account_id: AccountId,
        id: ApiClientId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let sql =
            "UPDATE api_clients SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND account_id = $2";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(account_id.uuid())
            .bind(now.micros())
            .execute(c)
            .await
            .map(affected))?;
        if rows > 0 {
            self.delete_client_keys(id).await?;
        }
        Ok(rows > 0)
    }

    /// Revokes a client, whosever it is, and destroys its keys; says whether it was not revoked before.
    pub(crate) async fn revoke_leaked_client(
        &mut self,
        id: ApiClientId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let sql = "UPDATE api_clients SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(now.micros())
            .execute(c)
            .await
            .map(affected))?;
        if rows > 0 {
            self.delete_client_keys(id).await?;
        }
        Ok(rows > 0)
    }

    /// Revokes every client of a user and destroys their keys.
    pub(crate) async fn revoke_clients_of(&mut self, user_id: UserId, now: Timestamp) -> Result<(), Error> {
        let sql = "DELETE FROM api_client_keys
                   WHERE client_id IN (SELECT id FROM api_clients WHERE user_id = $1)";
        on_db!(self.tx, c => query(sql).bind(user_id.uuid()).execute(c).await.map(affected))?;
        let sql = "UPDATE api_clients SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
        on_db!(self.tx, c => query(sql).bind(user_id.uuid()).bind(now.micros()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Deletes up to `limit` clients that were revoked or expired at `time` or before; says how many.
    pub(crate) async fn delete_ended_clients(&mut self, time: Timestamp, limit: u32) -> Result<u64, Error> {
        let sql = "DELETE FROM api_clients WHERE id IN (
                       SELECT id FROM api_clients WHERE revoked_at <= $1 OR expires_at <= $1 LIMIT $2)";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(time.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows)
    }

    /// Notes when a client was used, by one of its keys, unless a later use is known.
    pub(crate) async fn set_client_used(
        &mut self,
        access_key: AccessKey,
        time: Timestamp,
    ) -> Result<(), Error> {
        let sql = "UPDATE api_clients SET last_used_at = $2
                   WHERE id = (SELECT client_id FROM api_client_keys WHERE id = $1)
                     AND (last_used_at IS NULL OR last_used_at < $2)";
        on_db!(self.tx, c => query(sql)
            .bind(access_key.uuid())
            .bind(time.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }
}
