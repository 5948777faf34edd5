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
    /// Another transaction got in the way; repeated, this one may succeed.
    #[error("another transaction got in the way")]
    Conflict(#[source] sqlx::Error),
    /// The server cannot be reached or went away.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// There is no such database and it could not be made.
    #[error("there is no database {0}")]
    NoDatabase(String),
    /// The address of the database is not understood; it is not repeated, since it may hold a password.
    #[error("the database's URL is not like postgres://role:password@host:port/database")]
    Url,
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
    /// A value is larger than whoever reads the row could ever take; nothing was written.
    #[error("{what} has more than {bytes_max} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        bytes_max: usize,
    },
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
        if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) {
            return Self::Unreachable(error);
        }
        let Some(refusal) = error.as_database_error() else { return Self::Other(error) };
        if refusal.is_unique_violation() {
            // SQLite names the columns in its message; PostgreSQL knows constraints, which are named alike.
            let message = refusal.message();
            let constraint = refusal.constraint().or_else(|| message.rsplit(": ").next()).unwrap_or(message);
            return Self::NotUnique { constraint: constraint.to_owned() };
        }
        let code = refusal.code().map(|code| code.into_owned()).unwrap_or_default();
        if refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
            return Self::from_postgres(&code, error);
        }
        // Extended codes keep the primary one in their low byte.
        match code.parse::<i32>().ok().map(|code| code & 0xff) {
            Some(SQLITE_FULL) => Self::Full(error),
            Some(SQLITE_READONLY | SQLITE_CANTOPEN | SQLITE_IOERR) => Self::Unwritable(error),
            Some(SQLITE_BUSY) => Self::Busy(error),
            _ => Self::Other(error),
        }
    }
}

impl Error {
    /// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    fn from_postgres(state: &str, error: sqlx::Error) -> Self {
        match state {
            // serialization_failure, deadlock_detected.
            "40001" | "40P01" => Self::Conflict(error),
            // disk_full.
            "53100" => Self::Full(error),
            // read_only_sql_transaction, io_error.
            "25006" | "58030" => Self::Unwritable(error),
            // too_many_connections, lock_not_available, query_canceled.
            "53300" | "55P03" | "57014" => Self::Busy(error),
            // admin_shutdown, crash_shutdown, cannot_connect_now, and the class of connection exceptions.
            "57P01" | "57P02" | "57P03" => Self::Unreachable(error),
            _ if state.starts_with("08") => Self::Unreachable(error),
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
            Error::Unreachable(_) => Self::new(Code::Unavailable)
                .with_detail("the database cannot be reached")
                .with_retry_after(Duration::from_secs(2)),
            Error::Busy(_) | Error::Conflict(_) => Self::new(Code::Unavailable)
                .with_detail("the database is busy")
                .with_retry_after(Duration::from_secs(1)),
            Error::NotUnique { .. }
            | Error::Migration(_)
            | Error::NoDatabase(_)
            | Error::Url
            | Error::TooLarge { .. }
            | Error::Other(_) => Self::new(Code::Internal),
        };
        problem.with_cause(error)
    }
}
