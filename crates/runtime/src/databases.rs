//! Where the services' databases lie: a file each in the data folder, or a database each on a server.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use prosopa_store::Options;

/// What stands in the URL for a service's name.
const SERVICE: &str = "{service}";

/// The section `database` of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// PostgreSQL, with `{service}` where the service's name goes: `postgres://role:password@host/prosopa_{service}`.
    /// None keeps everything in SQLite files in the data folder.
    #[serde(serialize_with = "never")]
    pub url: Option<SecretString>,
    /// A file that holds `url`, for where secrets are mounted.
    pub url_file: Option<PathBuf>,
    /// Connections with which each service reads a server's database at the same time, and as many with which it
    /// writes.
    pub connections_max: u32,
    /// Longest wait for a connection, milliseconds.
    pub acquire_timeout_ms: u64,
    /// Longest time a statement may run, milliseconds; PostgreSQL only.
    pub statement_timeout_ms: u64,
}

/// The configuration names no usable place.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseConfigError {
    /// Both forms of one secret.
    #[error("database.url and database.url_file are both set")]
    Both,
    /// The file cannot be read.
    #[error("cannot read database.url_file {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// All services in one database would write over each other.
    #[error("database.url has no {SERVICE}: every service needs a database of its own")]
    Shared,
    /// The URL is not understood.
    #[error(transparent)]
    Url(#[from] prosopa_store::Error),
    /// A number is out of its range.
    #[error("database.{key} must be {range}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

/// Where each service's database lies.
#[derive(Debug, Clone)]
pub struct Databases {
    place: Place,
    connections_max: u32,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Server(SecretString),
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            connections_max: 8,
            acquire_timeout_ms: 5_000,
            statement_timeout_ms: 30_000,
        }
    }
}

impl Databases {
    /// SQLite files in a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self::new(Place::Folder(folder.to_owned()), &DatabaseConfig::default())
    }

    /// What the configuration says; files lie in `folder`.
    pub fn configured(config: &DatabaseConfig, folder: &Path) -> Result<Self, DatabaseConfigError> {
        if !(1..=1_000).contains(&config.connections_max) {
            return Err(DatabaseConfigError::Range { key: "connections_max", range: "1 to 1,000" });
        }
        if !(1..=600_000).contains(&config.acquire_timeout_ms) {
            return Err(DatabaseConfigError::Range { key: "acquire_timeout_ms", range: "1 to 600,000" });
        }
        if !(1..=3_600_000).contains(&config.statement_timeout_ms) {
            return Err(DatabaseConfigError::Range { key: "statement_timeout_ms", range: "1 to 3,600,000" });
        }
        let place = match (&config.url, &config.url_file) {
            (Some(_), Some(_)) => return Err(DatabaseConfigError::Both),
            (Some(url), None) => Place::Server(url.clone()),
            (None, Some(path)) => {
                let url = fs::read_to_string(path).map_err(|source| DatabaseConfigError::File {
                    path: path.display().to_string(),
                    source,
                })?;
                Place::Server(url.trim().to_owned().into())
            }
            (None, None) => Place::Folder(folder.to_owned()),
        };
        let databases = Self::new(place, config);
        databases.options("check")?;
        Ok(databases)
    }

    /// Whether several processes may use them at the same time.
    pub const fn are_shared(&self) -> bool {
        matches!(self.place, Place::Server(_))
    }

    /// Where the database `name` lies.
    pub fn options(&self, name: &str) -> Result<Options, DatabaseConfigError> {
        let mut options = match &self.place {
            Place::Folder(folder) => Options::file(folder.join(format!("{name}.db"))),
            Place::Server(url) => {
                let url = url.expose_secret();
                if !url.contains(SERVICE) {
                    return Err(DatabaseConfigError::Shared);
                }
                Options::server(&url.replace(SERVICE, name))?
            }
        };
        if self.are_shared() {
            options.connections_max = self.connections_max;
        }
        options.acquire_timeout = self.acquire_timeout;
        options.statement_timeout = self.statement_timeout;
        Ok(options)
    }

    const fn new(place: Place, config: &DatabaseConfig) -> Self {
        Self {
            place,
            connections_max: config.connections_max,
            acquire_timeout: Duration::from_millis(config.acquire_timeout_ms),
            statement_timeout: Duration::from_millis(config.statement_timeout_ms),
        }
    }
}

/// Defaults are serialised to be merged with what is configured; a secret is never among them.
fn never<S: Serializer>(_: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
