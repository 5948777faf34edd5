//! Statements about callers of earlier requests.

use prosopa_model::{Credential, Principal, Timestamp};
use prosopa_store::{on_db, query_as};

use super::Store;
use crate::error::Error;

const SESSION: &str = "SELECT 1
    FROM sessions session
    JOIN users owner ON owner.id = session.user_id
    WHERE session.id = $1 AND session.user_id = $2 AND session.expires_at > $3 AND owner.status = 'active'";

const API_KEY: &str = "SELECT 1
    FROM api_keys key
    JOIN users owner ON owner.id = key.user_id
    WHERE key.id = $1 AND key.user_id = $2 AND key.revoked_at IS NULL
      AND (key.expires_at IS NULL OR key.expires_at > $3) AND owner.status = 'active'";

const API_CLIENT: &str = "SELECT 1
    FROM api_clients client
    JOIN users owner ON owner.id = client.user_id
    WHERE client.id = $1 AND client.user_id = $2 AND client.revoked_at IS NULL
      AND (client.expires_at IS NULL OR client.expires_at > $3) AND owner.status = 'active'";

impl Store {
    /// Whether the user is active, and the credential is the user's and lives at `now`.
    pub(crate) async fn still_holds(&self, principal: &Principal, now: Timestamp) -> Result<bool, Error> {
        let (sql, id) = match principal.credential {
            Credential::Session(id) => (SESSION, id.uuid()),
            Credential::ApiKey(id) => (API_KEY, id.uuid()),
            Credential::Client(id) => (API_CLIENT, id.uuid()),
        };
        let mut connection = self.read().await?;
        let found = on_db!(connection, c => query_as::<_, (i32,)>(sql)
            .bind(id)
            .bind(principal.user_id.uuid())
            .bind(now.micros())
            .fetch_optional(c)
            .await)?;
        Ok(found.is_some())
    }
}
