//! Everything this service keeps: one file for each aggregate's statements.

pub(crate) mod api_keys;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod users;

use prosopa_store::{Connection, Database, Migration, Tx};

use crate::error::Error;

/// Name of the database.
pub(crate) const DATABASE: &str = "auth";

/// The schema, in order.
pub(crate) const MIGRATIONS: &[Migration] =
    prosopa_store::migrations!("0001_accounts", "0002_sessions", "0003_api_keys");

/// The service's database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    database: Database,
}

/// A write in progress; dropped without [`Write::commit`] it leaves no trace.
pub(crate) struct Write {
    tx: Tx,
}

impl Store {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Begins a write.
    pub(crate) async fn begin(&self) -> Result<Write, Error> {
        Ok(Write { tx: self.database.begin().await? })
    }

    async fn read(&self) -> Result<Connection, Error> {
        Ok(self.database.read().await?)
    }
}

impl Write {
    /// Makes the changes durable.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        Ok(self.tx.commit().await?)
    }
}
