//! What a database refuses, sorted by what a caller can do about it.

use std::time::Duration;

use prosopa_problem::{Code, Problem};

/// SQLite's primary result codes (<https://sqlite.org/rescode.html>).
const SQLITE_BUSY: i32 = 5;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;

/// A statement, transaction or connection failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk (or the room granted) is full; nothing was changed.
    #[error("the database has no room left")]
    Full(#[source] sqlx::Error),
    /// The database cannot be written or opened.
    #[error("the database cannot be written")]
    Unwritable(#[source] sqlx::Error),
    /// The database is busy or all connections are taken.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// A unique constraint refused a row.
    #[error("{constraint} is not unique")]
    NotUnique {
        /// `table.column` (several are separated by a comma), or the index's name.
        constraint: String,
    },
    /// The database's folder cannot be used.
    #[error("cannot use {path}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The schema is newer than this program, or a migration was changed after it had been applied.
    #[error("the database's schema does not fit this program")]
    Migration(#[source] Box<sqlx::migrate::MigrateError>),
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] sqlx::Error),
}

impl Error {
    /// Whether a unique constraint on `table.column` refused a row.
    pub fn violates_unique(&self, table_and_column: &str) -> bool {
        matches!(self, Self::NotUnique { constraint } if constraint == table_and_column)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy(error);
        }
        let Some(refusal) = error.as_database_error() else { return Self::Other(error) };
        if refusal.is_unique_violation() {
            let message = refusal.message();
            let constraint = message.rsplit(": ").next().unwrap_or(message).to_owned();
            return Self::NotUnique { constraint };
        }
        // Extended codes keep the primary one in their low byte.
        let code = refusal.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
        match code {
            Some(SQLITE_FULL) => Self::Full(error),
            Some(SQLITE_READONLY | SQLITE_CANTOPEN | SQLITE_IOERR) => Self::Unwritable(error),
            Some(SQLITE_BUSY) => Self::Busy(error),
            _ => Self::Other(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = match &error {
            Error::Full(_) => Self::new(Code::StorageFull).with_detail("the disk of the database is full"),
            Error::Unwritable(_) | Error::Folder { .. } => Self::new(Code::Unavailable)
                .with_detail("the database cannot be written")
                .with_retry_after(Duration::from_secs(5)),
            Error::Busy(_) => Self::new(Code::Unavailable)
                .with_detail("the database is busy")
                .with_retry_after(Duration::from_secs(1)),
            Error::NotUnique { .. } | Error::Migration(_) | Error::Other(_) => Self::new(Code::Internal),
        };
        problem.with_cause(error)
    }
}
