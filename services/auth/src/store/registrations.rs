//! The table `registrations`.

use prosopa_model::{JobId, RegistrationId};
use prosopa_store::{affected, on_db, query, query_as, row};

use super::{Store, Write};
use crate::error::Error;

row! {
    /// A registration that is waited for.
    pub(crate) struct StoredRegistration {
        pub(crate) job_id: JobId,
        pub(crate) secret_hash: Vec<u8>,
    }
}

impl Store {
    /// The registration of this id.
    pub(crate) async fn find_registration(
        &self,
        id: RegistrationId,
    ) -> Result<Option<StoredRegistration>, Error> {
        let sql = "SELECT job_id, secret_hash FROM registrations WHERE id = $1";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as(sql).bind(id.uuid()).fetch_optional(c).await)?)
    }
}

impl Write {
    /// Adds a registration.
    pub(crate) async fn insert_registration(
        &mut self,
        id: RegistrationId,
        job_id: JobId,
        secret_hash: [u8; 32],
    ) -> Result<(), Error> {
        let sql = "INSERT INTO registrations (id, job_id, secret_hash) VALUES ($1, $2, $3)";
        on_db!(self.tx, c => query(sql)
            .bind(id.uuid())
            .bind(job_id.uuid())
            .bind(secret_hash.to_vec())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Removes a registration.
    pub(crate) async fn delete_registration(&mut self, id: RegistrationId) -> Result<(), Error> {
        let sql = "DELETE FROM registrations WHERE id = $1";
        on_db!(self.tx, c => query(sql).bind(id.uuid()).execute(c).await.map(affected))?;
        Ok(())
    }
}
