//! Statements about the certificates that clients show.

use prosopa_model::{AccountId, ApiClientId, PlanName, Role, Scopes, Timestamp, UserId};
use prosopa_store::{affected, on_db, query, query_as, row};

use super::{Store, Write};
use crate::{error::Error, store::users::Status};

row! {
    /// A certificate of a client.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct ClientCertificate {
        pub(crate) fingerprint: Vec<u8>,
        pub(crate) client_id: ApiClientId,
        pub(crate) created_at: Timestamp,
        /// The certificate's own end.
        pub(crate) ends_at: Timestamp,
    }
}

row! {
    /// A client that a certificate names, with what decides about it.
    pub(crate) struct CertifiedClient {
        pub(crate) client_id: ApiClientId,
        pub(crate) account_id: AccountId,
        pub(crate) user_id: UserId,
        pub(crate) role: Role,
        pub(crate) status: Status,
        pub(crate) requests_per_day_max: Option<u64>,
        pub(crate) plan: Option<PlanName>,
        pub(crate) scopes: Scopes,
        pub(crate) ends_at: Timestamp,
        pub(crate) client_expires_at: Option<Timestamp>,
    }
}

impl CertifiedClient {
    /// When the certificate or the client ends unless something changes.
    pub(crate) fn ends_at(&self) -> Timestamp {
        self.client_expires_at.map_or(self.ends_at, |expires_at| expires_at.min(self.ends_at))
    }
}

const FIND: &str = "SELECT fingerprint, client_id, created_at, ends_at FROM api_client_certificates
                    WHERE fingerprint = $1";

impl Store {
    /// The client that a certificate names, neither of which has ended; its user may be deactivated.
    pub(crate) async fn find_certified_client(
        &self,
        fingerprint: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<CertifiedClient>, Error> {
        let sql =
            "SELECT client.id AS client_id, client.account_id, client.user_id, owner.role, owner.status,
                          owner.requests_per_day_max, owner.plan, client.scopes, certificate.ends_at,
                          client.expires_at AS client_expires_at
                   FROM api_client_certificates certificate
                   JOIN api_clients client ON client.id = certificate.client_id
                   JOIN users owner ON owner.id = client.user_id
                   WHERE certificate.fingerprint = $1 AND certificate.ends_at > $2
                     AND client.revoked_at IS NULL AND (client.expires_at IS NULL OR client.expires_at > $2)";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, CertifiedClient>(sql)
            .bind(fingerprint.as_slice())
            .bind(now.micros())
            .fetch_optional(c)
            .await)?)
    }

    /// The certificates of a client, the newest first; there are few.
    pub(crate) async fn list_client_certificates(
        &self,
        client_id: ApiClientId,
    ) -> Result<Vec<ClientCertificate>, Error> {
        let sql = "SELECT fingerprint, client_id, created_at, ends_at FROM api_client_certificates
                   WHERE client_id = $1
                   ORDER BY created_at DESC, fingerprint";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, ClientCertificate>(sql)
            .bind(client_id.uuid())
            .fetch_all(c)
            .await)?)
    }
}

impl Write {
    /// Keeps others from a client, whosever it is, until the end of this write; says whether it is there and not revoked.
    pub(crate) async fn hold_client(&mut self, id: ApiClientId) -> Result<bool, Error> {
        let sql = "UPDATE api_clients SET name = name WHERE id = $1 AND revoked_at IS NULL";
        let rows = on_db!(self.tx, c => query(sql).bind(id.uuid()).execute(c).await.map(affected))?;
        Ok(rows > 0)
    }

    /// How many certificates a client has.
    pub(crate) async fn count_client_certificates(&mut self, client_id: ApiClientId) -> Result<usize, Error> {
        let sql = "SELECT fingerprint, client_id, created_at, ends_at FROM api_client_certificates
                   WHERE client_id = $1";
        let rows = on_db!(self.tx, c => query_as::<_, ClientCertificate>(sql)
            .bind(client_id.uuid())
            .fetch_all(c)
            .await)?;
        Ok(rows.len())
    }

    /// A certificate, whosever it is.
    pub(crate) async fn find_client_certificate(
        &mut self,
        fingerprint: &[u8],
    ) -> Result<Option<ClientCertificate>, Error> {
        Ok(on_db!(self.tx, c => query_as::<_, ClientCertificate>(FIND)
            .bind(fingerprint)
            .fetch_optional(c)
            .await)?)
    }

    /// Adds a certificate; says whether nobody had it.
    pub(crate) async fn insert_client_certificate(
        &mut self,
        certificate: &ClientCertificate,
    ) -> Result<bool, Error> {
        // A client that was revoked is kept for reports only.
        let sql = "DELETE FROM api_client_certificates WHERE fingerprint = $1
                     AND client_id IN (SELECT id FROM api_clients WHERE revoked_at IS NOT NULL)";
        on_db!(self.tx, c => query(sql)
            .bind(certificate.fingerprint.as_slice())
            .execute(c)
            .await
            .map(affected))?;
        let sql = "INSERT INTO api_client_certificates (fingerprint, client_id, created_at, ends_at)
                   VALUES ($1, $2, $3, $4) ON CONFLICT (fingerprint) DO NOTHING";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(certificate.fingerprint.as_slice())
            .bind(certificate.client_id.uuid())
            .bind(certificate.created_at.micros())
            .bind(certificate.ends_at.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// Takes a certificate from a client; says whether it had it.
    pub(crate) async fn delete_client_certificate(
        &mut self,
        client_id: ApiClientId,
        fingerprint: &[u8],
    ) -> Result<bool, Error> {
        let sql = "DELETE FROM api_client_certificates WHERE client_id = $1 AND fingerprint = $2";
        let rows = on_db!(self.tx, c => query(sql)
            .bind(client_id.uuid())
            .bind(fingerprint)
            .execute(c)
            .await
            .map(affected))?;
        Ok(rows > 0)
    }

    /// Notes when a client was used, unless a later use is known.
    pub(crate) async fn set_certified_client_used(
        &mut self,
        id: ApiClientId,
        time: Timestamp,
    ) -> Result<(), Error> {
        let sql = "UPDATE api_clients SET last_used_at = $2
                   WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        on_db!(self.tx, c => query(sql).bind(id.uuid()).bind(time.micros()).execute(c).await.map(affected))?;
        Ok(())
    }
}
