//! Statements about sessions and their refresh tokens.

pub(crate) mod browser;

use prosopa_model::{AccountId, Cursor, PlanName, Role, SessionId, Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_as, row};

use super::users::Status;
use super::{Store, Write};
use crate::error::Error;

row! {
    /// A refresh token with what decides about it.
    pub(crate) struct StoredRefreshToken {
        pub(crate) session_id: SessionId,
        pub(crate) user_id: UserId,
        pub(crate) status: Status,
        pub(crate) session_created_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) rotated_at: Option<Timestamp>,
    }
}

row! {
    /// Who stands behind a session.
    pub(crate) struct SessionOwner {
        pub(crate) account_id: AccountId,
        pub(crate) role: Role,
        pub(crate) status: Status,
        pub(crate) requests_per_day_max: Option<u64>,
        pub(crate) plan: Option<PlanName>,
        /// When the session ends.
        pub(crate) expires_at: Timestamp,
    }
}

row! {
    /// A session as its user sees it.
    pub(crate) struct Session {
        pub(crate) id: SessionId,
        pub(crate) created_at: Timestamp,
        /// When it was last given tokens.
        pub(crate) last_used_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) user_agent: Option<String>,
    }
}

impl Session {
    /// Where the session stands in lists.
    pub(crate) const fn position(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.id.uuid() }
    }
}

const FIND_REFRESH_TOKEN: &str = "
    SELECT token.session_id, session.user_id, owner.status, session.created_at AS session_created_at,
           token.expires_at, token.rotated_at
    FROM refresh_tokens token
    JOIN sessions session ON session.id = token.session_id
    JOIN users owner ON owner.id = session.user_id
    WHERE token.hash = $1";

impl Store {
    /// The owner of a session that lives at `now`.
    pub(crate) async fn find_session_owner(
        &self,
        id: SessionId,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionOwner>, Error> {
        let sql = "SELECT owner.account_id, owner.role, owner.status, owner.requests_per_day_max, owner.plan, session.expires_at
                   FROM sessions session
                   JOIN users owner ON owner.id = session.user_id
                   WHERE session.id = $1 AND session.user_id = $2 AND session.expires_at > $3";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, SessionOwner>(sql)
            .bind(id.uuid())
            .bind(user_id.uuid())
            .bind(now.micros())
            .fetch_optional(c)
            .await)?)
    }

    /// Up to `limit` sessions of a user that live at `now`, newest first, behind `after`.
    pub(crate) async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Session>, Error> {
        let sql = "SELECT id, created_at, coalesce(refreshed_at, created_at) AS last_used_at, expires_at, user_agent
                   FROM sessions
                   WHERE user_id = $1 AND expires_at > $2 AND (created_at, id) < ($3, $4)
                   ORDER BY created_at DESC, id DESC
                   LIMIT $5";
        let after = after.unwrap_or(Cursor { created_at: Timestamp::MAX, id: uuid::Uuid::max() });
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, Session>(sql)
            .bind(user_id.uuid())
            .bind(now.micros())
            .bind(after.created_at.micros())
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?)
    }

    /// A refresh token by the digest of its text.
    pub(crate) async fn find_refresh_token(
        &self,
        hash: [u8; 32],
    ) -> Result<Option<StoredRefreshToken>, Error> {
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, StoredRefreshToken>(FIND_REFRESH_TOKEN)
            .bind(hash.to_vec())
            .fetch_optional(c)
            .await)?)
    }
}

impl Write {
    /// A refresh token by the digest of its text, as it is under the write lock.
    pub(crate) async fn find_refresh_token(
        &mut self,
        hash: [u8; 32],
    ) -> Result<Option<StoredRefreshToken>, Error> {
        Ok(on_db!(self.tx, c => query_as::<_, StoredRefreshToken>(FIND_REFRESH_TOKEN)
            .bind(hash.to_vec())
            .fetch_optional(c)
            .await)?)
    }

    /// Adds a session.
    pub(crate) async fn insert_session(
        &mut self,
        id: SessionId,
        user_id: UserId,
        now: Timestamp,
        expires_at: Timestamp,
        user_agent: Option<&str>,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO sessions (id, user_id, created_at, expires_at, user_agent)
                   VALUES ($1, $2, $3, $4, $5)";
        on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(user_id.uuid())
            .bind(now.micros())
            .bind(expires_at.micros())
            .bind(user_agent)
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Adds a session's next refresh token.
    pub(crate) async fn insert_refresh_token(
        &mut self,
        hash: [u8; 32],
        session_id: SessionId,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES ($1, $2, $3)";
        on_db!(self.tx, c => query(sql)
            .bind(hash.to_vec())
            .bind(session_id.uuid())
            .bind(expires_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Notes that a refresh token has been exchanged.
    pub(crate) async fn mark_rotated(&mut self, hash: [u8; 32], now: Timestamp) -> Result<(), Error> {
        let sql = "UPDATE refresh_tokens SET rotated_at = $2 WHERE hash = $1";
        on_db!(self.tx, c => query(sql).bind(hash.to_vec()).bind(now.micros()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Notes that a session was refreshed and moves its end; says whether there still is one. Nobody ends it until the
    /// write has come to its end.
    pub(crate) async fn extend_session(
        &mut self,
        id: SessionId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, Error> {
        let sql = "UPDATE sessions SET refreshed_at = $2, expires_at = $3 WHERE id = $1";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(now.micros())
            .bind(expires_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// Ends a session.
    pub(crate) async fn delete_session(&mut self, id: SessionId) -> Result<(), Error> {
        let sql = "DELETE FROM sessions WHERE id = $1";
        on_db!(self.tx, c => query(sql).bind(id.uuid()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Ends a session of a user; says whether there was one.
    pub(crate) async fn delete_session_of(&mut self, user_id: UserId, id: SessionId) -> Result<bool, Error> {
        let sql = "DELETE FROM sessions WHERE id = $1 AND user_id = $2";
        let rows = on_db!(self.tx, c => query(sql).bind(id.uuid()).bind(user_id.uuid()).execute(c).await.map(affected))?;
        Ok(rows > 0)
    }

    /// Ends every session of a user but one; says how many.
    pub(crate) async fn delete_other_sessions(
        &mut self,
        user_id: UserId,
        kept: SessionId,
    ) -> Result<u64, Error> {
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
        Ok(
            on_db!(self.tx, c => query(sql).bind(user_id.uuid()).bind(kept.uuid()).execute(c).await.map(affected))?,
        )
    }

    /// Ends every session of a user.
    pub(crate) async fn delete_sessions_of(&mut self, user_id: UserId) -> Result<(), Error> {
        let sql = "DELETE FROM sessions WHERE user_id = $1";
        on_db!(self.tx, c => query(sql).bind(user_id.uuid()).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Ends a user's oldest sessions beyond `kept`.
    pub(crate) async fn delete_oldest_sessions(&mut self, user_id: UserId, kept: u32) -> Result<(), Error> {
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id NOT IN (
                       SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";
        on_db!(self.tx, c => query(sql).bind(user_id.uuid()).bind(i64::from(kept)).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Deletes up to `limit` sessions and up to `limit` refresh tokens that have expired; says how many of both.
    pub(crate) async fn delete_expired_sessions(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        let sql = "DELETE FROM sessions WHERE id IN (
                       SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        let sessions = on_db!(self.tx, c => query(sql)
            .bind(now.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?;
        let sql = "DELETE FROM refresh_tokens WHERE hash IN (
                       SELECT hash FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        let tokens = on_db!(self.tx, c => query(sql)
            .bind(now.micros())
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(affected))?;
        Ok(sessions + tokens)
    }
}
