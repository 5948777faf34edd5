//! Opens a file.

use std::{fs, io, path::Path, time::Duration};

use sqlx::{
    Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Error, Options, pools::Pools};

/// Rows that the driver's thread reads before anybody asks for more: each time it waits, two threads wake each other.
const ROWS_AHEAD: usize = 1_000;

pub(crate) async fn connect(path: &Path, options: &Options) -> Result<Pools, Error> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    create_private_folder(folder)
        .map_err(|source| Error::Folder { path: folder.display().to_string(), source })?;
    keep_private(path).map_err(|source| Error::Folder { path: path.display().to_string(), source })?;
    let file = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // What is deleted is overwritten: destroyed keys must not be found in the file's free pages.
        .pragma("secure_delete", "on")
        .row_buffer_size(ROWS_AHEAD)
        .optimize_on_close(true, None);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        // A full disk makes SQLite end a transaction by itself, which leaves the driver believing that it goes on.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .acquire_timeout(options.acquire_timeout)
        .connect_with(file.clone())
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.connections_max)
        .acquire_timeout(options.acquire_timeout)
        .connect_lazy_with(file.read_only(true).create_if_missing(false));
    Ok(Pools::Sqlite { readers, writer })
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
