//! Where a database lies and how it may be used.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;

use crate::Error;

/// Where a database lies and how many connections it may use (R9: bounded).
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) location: Location,
    /// Connections that read at the same time. PostgreSQL has as many that write, SQLite one.
    pub connections_max: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Longest time a statement may run or wait for a lock; PostgreSQL only.
    pub statement_timeout: Duration,
}

/// A file, or a database of a server.
#[derive(Clone)]
pub(crate) enum Location {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    Server(Box<PgConnectOptions>),
}

impl Options {
    /// SQLite in a file; its folder is created.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Location::File(path.into()), 4)
    }

    /// PostgreSQL at a URL, such as `postgres://prosopa:secret@db.example/prosopa_auth?sslmode=verify-full`.
    ///
    /// `sslmode` (`disable`, `prefer`, `require`, `verify-ca`, `verify-full`), `sslrootcert`, `sslcert` and `sslkey` are
    /// libpq's. The error does not repeat the URL, which may hold a password.
    pub fn server(url: &str) -> Result<Self, Error> {
        let is_known = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let options = is_known.then(|| PgConnectOptions::from_str(url).ok()).flatten().ok_or(Error::Url)?;
        Ok(Self::at(Location::Server(Box::new(options.application_name("prosopa"))), 8))
    }

    /// The same server, another of its databases.
    #[must_use]
    pub(crate) fn with_database(&self, name: &str) -> Option<Self> {
        let Location::Server(server) = &self.location else { return None };
        Some(Self { location: Location::Server(Box::new(server.clone().database(name))), ..self.clone() })
    }

    /// Name of the server's database; none for a file.
    pub(crate) fn database_name(&self) -> Option<&str> {
        match &self.location {
            Location::File(_) => None,
            Location::Server(server) => Some(server.get_database().unwrap_or(server.get_username())),
        }
    }

    const fn at(location: Location, connections_max: u32) -> Self {
        Self {
            location,
            connections_max,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// Without the password.
impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", Path::display(path)),
            Self::Server(server) => write!(
                formatter,
                "postgres://{}:{}/{}",
                server.get_host(),
                server.get_port(),
                server.get_database().unwrap_or_default()
            ),
        }
    }
}
