//! Statements about the sessions that browsers keep in a cookie.

use prosopa_model::{AccountId, PlanName, Role, SessionId, Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_as, row};

use super::{Status, Store, Write};
use crate::error::Error;

row! {
    /// A session with a cookie, and who stands behind it.
    pub(crate) struct StoredBrowserSession {
        pub(crate) id: SessionId,
        pub(crate) created_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) user_id: UserId,
        pub(crate) account_id: AccountId,
        pub(crate) role: Role,
        pub(crate) status: Status,
        pub(crate) requests_per_day_max: Option<u64>,
        pub(crate) plan: Option<PlanName>,
    }
}

row! {
    /// When a session ends, and how many cookies it has: one or none.
    pub(crate) struct SessionEnd {
        pub(crate) expires_at: Timestamp,
        pub(crate) cookies: i64,
    }
}

impl Store {
    /// The session that lives at `now`, by the digest of its cookie.
    pub(crate) async fn find_browser_session(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<StoredBrowserSession>, Error> {
        let sql = "SELECT session.id, session.created_at, session.expires_at, session.user_id,
                          owner.account_id, owner.role, owner.status, owner.requests_per_day_max, owner.plan
                   FROM session_cookies cookie
                   JOIN sessions session ON session.id = cookie.session_id
                   JOIN users owner ON owner.id = session.user_id
                   WHERE cookie.hash = $1 AND session.expires_at > $2";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, StoredBrowserSession>(sql)
            .bind(hash.to_vec())
            .bind(now.micros())
            .fetch_optional(c)
            .await)?)
    }

    /// When a session of a user ends.
    pub(crate) async fn find_session_end(
        &self,
        id: SessionId,
        user_id: UserId,
    ) -> Result<Option<SessionEnd>, Error> {
        let sql = "SELECT session.expires_at,
                          (SELECT count(*) FROM session_cookies WHERE session_id = session.id) AS cookies
                   FROM sessions session
                   WHERE session.id = $1 AND session.user_id = $2";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, SessionEnd>(sql)
            .bind(id.uuid())
            .bind(user_id.uuid())
            .fetch_optional(c)
            .await)?)
    }
}

impl Write {
    /// Adds the cookie of a session.
    pub(crate) async fn insert_session_cookie(
        &mut self,
        hash: [u8; 32],
        session_id: SessionId,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO session_cookies (hash, session_id) VALUES ($1, $2)";
        on_db!(self.tx, c => query(sql).bind(hash.to_vec()).bind(session_id.uuid()).execute(c).await.map(affected))?;
        Ok(())
    }
}
