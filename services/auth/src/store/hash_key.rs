//! The table `hash_key`.

use prosopa_store::{affected, on_db, query, query_as, row};

use super::{Store, Write};
use crate::error::Error;

row! {
    /// The key under which hashes are made, as it is kept.
    pub(crate) struct SealedHashKey {
        /// Sealed by the keyring.
        pub(crate) sealed_key: Vec<u8>,
        /// Which key of the keyring sealed it.
        pub(crate) kid: String,
    }
}

impl Store {
    /// The key, if it was made.
    pub(crate) async fn find_hash_key(&self) -> Result<Option<SealedHashKey>, Error> {
        let sql = "SELECT sealed_key, kid FROM hash_key WHERE id = 1";
        let mut connection = self.read().await?;
        Ok(on_db!(connection, c => query_as(sql).fetch_optional(c).await)?)
    }
}

impl Write {
    /// Keeps the key, unless there is one.
    pub(crate) async fn insert_hash_key(&mut self, new: &SealedHashKey) -> Result<(), Error> {
        let sql = "INSERT INTO hash_key (id, sealed_key, kid) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
        on_db!(self.tx, c => query(sql).bind(&new.sealed_key).bind(&new.kid).execute(c).await.map(affected))?;
        Ok(())
    }

    /// Replaces it by the same one sealed anew, unless another process was faster.
    pub(crate) async fn replace_hash_key(&mut self, old_kid: &str, new: &SealedHashKey) -> Result<(), Error> {
        let sql = "UPDATE hash_key SET sealed_key = $2, kid = $3 WHERE id = 1 AND kid = $1";
        on_db!(self.tx, c => {
            query(sql).bind(old_kid).bind(&new.sealed_key).bind(&new.kid).execute(c).await.map(affected)
        })?;
        Ok(())
    }
}
