//! Which Redis server, and how it is spoken to.

use std::{fmt, time::Duration};

use secrecy::SecretString;

use prosopa_telemetry::MetricsError;

/// Longest prefix of keys.
const PREFIX_LEN_MAX: usize = 64;

/// Which server. Its `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://host:port/database`, or `rediss://…` for TLS; without credentials.
    pub(super) url: String,
    /// Who we are; none is the default user.
    pub username: Option<String>,
    /// What proves it.
    pub password: Option<SecretString>,
    /// Certificates in PEM of those who may vouch for the server; none are the public authorities.
    pub ca_pem: Option<Vec<u8>>,
    /// Longest time that anybody waits for an answer.
    pub deadline: Duration,
    /// What all keys begin with.
    pub(super) prefix: String,
}

/// No server can be spoken to in this way.
#[derive(Debug, thiserror::Error)]
pub enum RedisOptionsError {
    /// It is no address of a server.
    #[error("redis.url must be like redis://host:6379/0, or rediss://host:6379/0 for TLS")]
    Url,
    /// Credentials in an address are shown wherever the address is.
    #[error("redis.url must hold no credentials: they belong into redis.username and redis.password")]
    Credentials,
    /// The prefix holds what it may not.
    #[error("redis.prefix must be of 1 to {PREFIX_LEN_MAX} letters, digits, `-`, `_` and `:`")]
    Prefix,
    /// Nobody is there to vouch for the server.
    #[error("there is no certificate in redis.ca_file")]
    NoCertificate,
    /// Certificates or address are not understood.
    #[error("redis.url or redis.ca_file cannot be used")]
    Connection(#[source] redis::RedisError),
    /// There are such metrics already.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}

impl RedisOptions {
    /// Of an address and the prefix of all keys.
    pub fn new(url: &str, prefix: &str) -> Result<Self, RedisOptionsError> {
        if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(RedisOptionsError::Url);
        }
        let is_sound = |letter: char| letter.is_ascii_alphanumeric() || "-_:".contains(letter);
        if prefix.is_empty() || prefix.len() > PREFIX_LEN_MAX || !prefix.chars().all(is_sound) {
            return Err(RedisOptionsError::Prefix);
        }
        Ok(Self {
            url: url.to_owned(),
            username: None,
            password: None,
            ca_pem: None,
            deadline: Duration::from_millis(50),
            prefix: prefix.to_owned(),
        })
    }

    /// The server, for logs.
    pub(super) fn server(&self) -> impl fmt::Display {
        &self.url
    }
}
