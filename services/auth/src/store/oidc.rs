//! Statements about who users are to `OpenID` providers, and about sign-ins that came back.

use prosopa_model::{Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_scalar};

use super::{Store, Write};
use crate::error::Error;

/// Somebody whom a provider knows.
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

const FIND_USER_ID: &str = "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2";

impl Store {
    /// The user who somebody is.
    pub(crate) async fn find_user_id_by_identity(
        &self,
        identity: &Identity,
    ) -> Result<Option<UserId>, Error> {
        let mut connection = self.read().await?;
        let id = on_db!(connection, c => query_scalar::<_, uuid::Uuid>(FIND_USER_ID)
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .fetch_optional(c)
            .await)?;
        Ok(id.map(UserId::from_uuid))
    }
}

impl Write {
    /// The user who somebody is.
    pub(crate) async fn find_user_id_by_identity(
        &mut self,
        identity: &Identity,
    ) -> Result<Option<UserId>, Error> {
        let id = on_db!(self.tx, c => query_scalar::<_, uuid::Uuid>(FIND_USER_ID)
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .fetch_optional(c)
            .await)?;
        Ok(id.map(UserId::from_uuid))
    }

    /// Whether a user is somebody to this issuer.
    pub(crate) async fn has_identity_of(&mut self, issuer: &str, user_id: UserId) -> Result<bool, Error> {
        let sql = "SELECT count(*) FROM identities WHERE user_id = $1 AND issuer = $2";
        let count = on_db!(self.tx, c => query_scalar::<_, i64>(sql)
            .bind(user_id.uuid())
            .bind(issuer)
            .fetch_one(c)
            .await)?;
        Ok(count > 0)
    }

    /// Makes somebody this user; says whether nobody was before.
    pub(crate) async fn insert_identity(
        &mut self,
        identity: &Identity,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let sql = "INSERT INTO identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (issuer, subject) DO NOTHING";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .bind(user_id.uuid())
            .bind(now.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// The key of a user's address, if the user was seen to read mail to it.
    pub(crate) async fn find_verified_email(&mut self, id: UserId) -> Result<Option<String>, Error> {
        let sql = "SELECT email_key FROM users WHERE id = $1 AND email_verified_at IS NOT NULL";
        Ok(on_db!(self.tx, c => query_scalar::<_, String>(sql).bind(id.uuid()).fetch_optional(c).await)?)
    }

    /// Notes that a user was seen to read mail to the address.
    pub(crate) async fn set_email_verified(&mut self, id: UserId, now: Timestamp) -> Result<(), Error> {
        let sql = "UPDATE users SET email_verified_at = $2 WHERE id = $1";
        on_db!(self.tx, c => query(sql).bind(id.uuid()).bind(now.micros()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Notes that a sign-in came back; says whether it is the first time.
    pub(crate) async fn insert_oidc_return(
        &mut self,
        state_hash: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<bool, Error> {
        let sql = "INSERT INTO oidc_returns (state_hash, expires_at) VALUES ($1, $2)
                   ON CONFLICT (state_hash) DO NOTHING";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(state_hash.to_vec())
            .bind(expires_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// Forgets up to `limit` sign-ins that would be too old by now; says how many.
    pub(crate) async fn delete_oidc_returns(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        let sql = "DELETE FROM oidc_returns WHERE state_hash IN (
                       SELECT state_hash FROM oidc_returns WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        Ok(on_db!(self.tx, c => query(sql)
            .bind(now.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?)
    }
}
