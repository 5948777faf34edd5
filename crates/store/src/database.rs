//! One service's database: pools, connections, transactions.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Error, Migration, dialect, migrations};

/// Where a database lies and how many connections it may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// SQLite file; its folder is created.
    pub path: PathBuf,
    /// Connections that read at the same time. There is always exactly one that writes.
    pub readers_max: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
}

impl Options {
    /// Defaults for a file (R9: bounded).
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers_max: 4, acquire_timeout: Duration::from_secs(5) }
    }
}

/// A service's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
}

/// SQLite allows one writer: it has a pool of one, so that writers queue here and fairly, not in the file's lock.
#[derive(Clone)]
enum Pools {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
}

impl Database {
    /// Opens the database, creating it if there is none, and applies the migrations that are missing.
    pub async fn open(options: &Options, list: &'static [Migration]) -> Result<Self, Error> {
        let database = Self::connect(options).await?;
        let Pools::Sqlite { writer, .. } = &database.pools;
        migrations::apply(writer, list).await?;
        Ok(database)
    }

    async fn connect(options: &Options) -> Result<Self, Error> {
        let folder = options.path.parent().unwrap_or_else(|| Path::new("."));
        create_private_folder(folder)
            .map_err(|source| Error::Folder { path: folder.display().to_string(), source })?;
        keep_private(&options.path)
            .map_err(|source| Error::Folder { path: options.path.display().to_string(), source })?;
        let file = SqliteConnectOptions::new()
            .filename(&options.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .optimize_on_close(true, None);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.acquire_timeout)
            .connect_with(file.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers_max)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(file.read_only(true).create_if_missing(false));
        Ok(Self { pools: Pools::Sqlite { readers, writer } })
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Connection, Error> {
        let Pools::Sqlite { readers, .. } = &self.pools;
        Ok(Connection { inner: readers.acquire().await? })
    }

    /// Begins a transaction that may write. Dropped without [`Tx::commit`], it is rolled back.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let Pools::Sqlite { writer, .. } = &self.pools;
        Ok(Tx { inner: dialect::begin_write(writer).await? })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.read().await?;
        crate::on_db!(connection, c => sqlx::query("SELECT 1").execute(c).await)?;
        Ok(())
    }

    /// Closes every connection once it is given back.
    pub async fn close(&self) {
        let Pools::Sqlite { readers, writer } = &self.pools;
        readers.close().await;
        writer.close().await;
    }
}

/// A connection for reading.
pub struct Connection {
    inner: PoolConnection<Sqlite>,
}

impl Connection {
    /// What [`on_db!`](crate::on_db) runs statements on.
    pub fn executor(&mut self) -> Executor<'_> {
        Executor::Sqlite(&mut self.inner)
    }
}

/// A transaction that may write.
pub struct Tx {
    inner: sqlx::Transaction<'static, Sqlite>,
}

impl Tx {
    /// What [`on_db!`](crate::on_db) runs statements on.
    pub fn executor(&mut self) -> Executor<'_> {
        Executor::Sqlite(&mut self.inner)
    }

    /// Makes the changes durable.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }

    /// Takes the changes back. Dropping does it too, a little later.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.inner.rollback().await?)
    }
}

/// A connection of one backend.
pub enum Executor<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
}

/// Runs one statement, written once, on whichever backend a [`Connection`] or [`Tx`] belongs to.
///
/// ```ignore
/// on_db!(tx, c => query("DELETE FROM sessions WHERE id = $1").bind(id.uuid()).execute(c).await)?;
/// ```
#[macro_export]
macro_rules! on_db {
    ($handle:expr, $connection:ident => $body:expr) => {
        match $handle.executor() {
            $crate::Executor::Sqlite($connection) => ($body).map_err($crate::Error::from),
        }
    };
}

/// Makes the file if there is none and lets only its owner read it; SQLite gives its other files the same mode.
fn keep_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

/// Creates a folder (and those above it) that only the owner may enter.
fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
