//! The section `redis` of the configuration: which server processes remember in together.

use std::{fs, io, path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use prosopa_store::{Redis, RedisOptions, RedisOptionsError};
use prosopa_telemetry::Metrics;
use prosopa_vault::{Keyring, KeyringError};

use crate::{Readiness, Task, TaskKind};

/// What the secret of the keys is derived for.
const KEYS: &str = "redis/keys";

/// The section `redis` of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://host:6379/0`, or `rediss://…` for TLS. None: every process remembers by itself.
    pub url: Option<String>,
    /// Who the product is there; none is the default user.
    pub username: Option<String>,
    /// Its password.
    #[serde(serialize_with = "never")]
    pub password: Option<SecretString>,
    /// A file that holds `password`, for where secrets are mounted.
    pub password_file: Option<PathBuf>,
    /// Certificates in PEM of those who may vouch for the server; none are the public authorities.
    pub ca_file: Option<PathBuf>,
    /// Longest time that a request waits for an answer, milliseconds.
    pub deadline_ms: u64,
    /// What all keys begin with; deployments that share a server each have their own.
    pub prefix: String,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            username: None,
            password: None,
            password_file: None,
            ca_file: None,
            deadline_ms: 50,
            prefix: "prosopa".to_owned(),
        }
    }
}

/// No server can be spoken to as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum RedisConfigError {
    /// Both forms of one secret.
    #[error("redis.password and redis.password_file are both set")]
    Both,
    /// A file cannot be read.
    #[error("cannot read redis.{key} {path}")]
    File {
        /// The key.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A number is out of its range.
    #[error("redis.deadline_ms must be 1 to 5,000")]
    Deadline,
    /// No such server.
    #[error(transparent)]
    Options(#[from] RedisOptionsError),
    /// No secret for the keys.
    #[error("the names of what is kept in redis cannot be hashed")]
    Secret(#[from] KeyringError),
}

impl RedisConfig {
    /// The server, if one is configured; it need not be there yet.
    pub(crate) fn open(
        &self,
        keyring: &Keyring,
        metrics: &Metrics,
    ) -> Result<Option<Redis>, RedisConfigError> {
        let Some(url) = &self.url else { return Ok(None) };
        if !(1..=5_000).contains(&self.deadline_ms) {
            return Err(RedisConfigError::Deadline);
        }
        let mut options = RedisOptions::new(url, &self.prefix)?;
        options.deadline = Duration::from_millis(self.deadline_ms);
        options.username.clone_from(&self.username);
        options.password = match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => return Err(RedisConfigError::Both),
            (Some(password), None) => Some(password.clone()),
            (None, Some(path)) => {
                let text = fs::read_to_string(path).map_err(unreadable("password_file", path))?;
                Some(text.trim().to_owned().into())
            }
            (None, None) => None,
        };
        if let Some(path) = &self.ca_file {
            options.ca_pem = Some(fs::read(path).map_err(unreadable("ca_file", path))?);
        }
        Ok(Some(Redis::open(options, &*keyring.derive(KEYS)?, metrics)?))
    }
}

fn unreadable(key: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> RedisConfigError {
    let path = path.display().to_string();
    move |source| RedisConfigError::File { key, path, source }
}

/// Who looks for the server whenever it is lost.
pub(crate) fn tend(redis: &Redis) -> Task {
    let redis = redis.clone();
    Task::new("tend_redis", TaskKind::Restart, move |stop| {
        let redis = redis.clone();
        async move {
            redis.tend(&stop).await;
            Ok(())
        }
    })
}

/// Tells whether the server is there. The process is ready without it: if it were not, the loss of one server would be that
/// of every process.
pub(crate) fn readiness(redis: &Redis) -> Readiness {
    let redis = redis.clone();
    let check = move || {
        let redis = redis.clone();
        async move { redis.check() }
    };
    Readiness::new("redis", check).dispensable()
}

/// Defaults are serialised to be merged with what is configured; a secret is never among them.
fn never<S: Serializer>(_: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
