//! Statements about signing keys.

use prosopa_model::Timestamp;
use prosopa_store::{affected, on_db, query, query_as, row};

use super::{Store, Write};
use crate::error::Error;

row! {
    /// A signing key as it is kept.
    pub(crate) struct StoredSigningKey {
        pub(crate) kid: String,
        pub(crate) public_key: Vec<u8>,
        /// PKCS #8, sealed by the keyring.
        pub(crate) sealed_private_key: Vec<u8>,
        pub(crate) signs_from: Timestamp,
        pub(crate) signs_until: Timestamp,
        pub(crate) verifies_until: Timestamp,
    }
}

const LIST: &str = "SELECT kid, public_key, sealed_private_key, signs_from, signs_until, verifies_until
                    FROM signing_keys";

impl Store {
    /// Every key.
    pub(crate) async fn list_signing_keys(&self) -> Result<Vec<StoredSigningKey>, Error> {
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as::<_, StoredSigningKey>(LIST).fetch_all(c).await)?)
    }
}

impl Write {
    /// Every key, as it is under the write lock.
    pub(crate) async fn list_signing_keys(&mut self) -> Result<Vec<StoredSigningKey>, Error> {
        Ok(on_db!(self.tx, c => query_as::<_, StoredSigningKey>(LIST).fetch_all(c).await)?)
    }

    /// Adds a key.
    pub(crate) async fn insert_signing_key(&mut self, key: &StoredSigningKey) -> Result<(), Error> {
        let sql = "INSERT INTO signing_keys
                       (kid, public_key, sealed_private_key, signs_from, signs_until, verifies_until)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        on_db!(self.tx, c => query(sql)
            .bind(key.kid.as_str())
            .bind(key.public_key.as_slice())
            .bind(key.sealed_private_key.as_slice())
            .bind(key.signs_from.micros())
            .bind(key.signs_until.micros())
            .bind(key.verifies_until.micros())
            .execute(c)
            .await
            .map(affected))?;
        Ok(())
    }

    /// Deletes the keys that verify no more at `now`.
    pub(crate) async fn delete_signing_keys_before(&mut self, now: Timestamp) -> Result<(), Error> {
        let sql = "DELETE FROM signing_keys WHERE verifies_until <= $1";
        on_db!(self.tx, c => query(sql).bind(now.micros()).execute(c).await.map(affected))?;
        Ok(())
    }
}
