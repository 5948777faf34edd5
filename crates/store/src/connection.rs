//! What statements run on: connections that read, transactions that write, of either backend.

use std::sync::Arc;

use sqlx::{
    PgConnection, Postgres, Sqlite, SqliteConnection, pool::PoolConnection, postgres::PgQueryResult,
    sqlite::SqliteQueryResult,
};
use tokio::sync::Notify;

use crate::{
    Error,
    bells::{self, Bell},
    dialect,
};

/// What keeps a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A connection for reading.
pub struct Connection(Reader);

pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Connection {
    pub(crate) const fn new(reader: Reader) -> Self {
        Self(reader)
    }

    /// What [`on_db!`](crate::on_db) runs statements on.
    pub fn executor(&mut self) -> Executor<'_> {
        match &mut self.0 {
            Reader::Sqlite(connection) => Executor::Sqlite(connection),
            Reader::Postgres(connection) => Executor::Postgres(connection),
        }
    }
}

/// A transaction that may write.
pub struct Tx {
    writer: Writer,
    waiting: Vec<Arc<Notify>>,
    bells: Vec<Bell>,
}

pub(crate) enum Writer {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Tx {
    pub(crate) const fn new(writer: Writer) -> Self {
        Self { writer, waiting: Vec::new(), bells: Vec::new() }
    }

    /// What [`on_db!`](crate::on_db) runs statements on.
    pub fn executor(&mut self) -> Executor<'_> {
        match &mut self.writer {
            Writer::Sqlite(tx) => Executor::Sqlite(tx),
            Writer::Postgres(tx) => Executor::Postgres(tx),
        }
    }

    /// Waits until no other transaction holds this name, and holds it to its own end.
    ///
    /// What is read after it stays true until then, as far as all who change it hold the same name. On SQLite, where a
    /// transaction is alone, nothing is left to wait for. Several names are to be taken in the same order everywhere.
    pub async fn lock(&mut self, name: &str) -> Result<(), Error> {
        match &mut self.writer {
            Writer::Sqlite(_) => Ok(()),
            Writer::Postgres(tx) => Ok(dialect::lock_name(tx, name).await?),
        }
    }

    /// What keeps the rows.
    pub const fn backend(&self) -> Backend {
        match &self.writer {
            Writer::Sqlite(_) => Backend::Sqlite,
            Writer::Postgres(_) => Backend::Postgres,
        }
    }

    /// Rings in every process that has this database, once this is committed; never if it is not.
    pub fn ring_on_commit(&mut self, bell: &Bell) {
        if !self.bells.iter().any(|known| known.is(bell)) {
            self.bells.push(bell.clone());
        }
    }

    /// Wakes whoever waits in this process for what this transaction writes, once it is committed; never if it is not.
    pub fn wake_on_commit(&mut self, waiting: &Arc<Notify>) {
        if !self.waiting.iter().any(|known| Arc::ptr_eq(known, waiting)) {
            self.waiting.push(Arc::clone(waiting));
        }
    }

    /// Makes the changes durable.
    pub async fn commit(self) -> Result<(), Error> {
        match self.writer {
            Writer::Sqlite(tx) => tx.commit().await?,
            Writer::Postgres(tx) => tx.commit().await?,
        }
        self.waiting.iter().for_each(|waiting| bells::ring(waiting));
        self.bells.iter().for_each(Bell::ring);
        Ok(())
    }

    /// Takes the changes back. Dropping does it too, a little later.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.writer {
            Writer::Sqlite(tx) => Ok(tx.rollback().await?),
            Writer::Postgres(tx) => Ok(tx.rollback().await?),
        }
    }
}

/// A connection of one backend.
pub enum Executor<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
}

/// How many rows a statement changed, on every backend.
pub fn affected(done: impl Into<Affected>) -> u64 {
    done.into().0
}

/// Rows that a statement changed.
#[derive(Debug, Clone, Copy)]
pub struct Affected(u64);

impl From<SqliteQueryResult> for Affected {
    fn from(done: SqliteQueryResult) -> Self {
        Self(done.rows_affected())
    }
}

impl From<PgQueryResult> for Affected {
    fn from(done: PgQueryResult) -> Self {
        Self(done.rows_affected())
    }
}

/// Runs one statement, written once, on whichever backend a [`Connection`] or [`Tx`] belongs to.
///
/// ```ignore
/// on_db!(tx, c => query("DELETE FROM sessions WHERE id = $1").bind(id.uuid()).execute(c).await)?;
/// ```
///
/// What `execute` answers differs between backends and is mapped by [`affected`]:
/// `query(…).execute(c).await.map(affected)`.
#[macro_export]
macro_rules! on_db {
    ($handle:expr, $connection:ident => $body:expr) => {
        match $handle.executor() {
            $crate::Executor::Sqlite($connection) => ($body).map_err($crate::Error::from),
            $crate::Executor::Postgres($connection) => ($body).map_err($crate::Error::from),
        }
    };
}
