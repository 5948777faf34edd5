//! The section `blobs` of the configuration: a folder, or a bucket of an S3 server and how it is reached.

use std::{fs, io, path::PathBuf};

use http::Uri;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

/// Where blobs are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlobsConfig {
    /// A folder in the data folder, or a bucket.
    pub store: BlobStoreKind,
    /// The bucket, where `store` is `s3`.
    pub s3: S3Config,
}

/// Kinds of places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobStoreKind {
    /// A folder in the data folder.
    #[default]
    Folder,
    /// A bucket of an S3 server.
    S3,
}

/// A bucket and how it is reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3Config {
    /// Its name. It must be there: nobody makes it.
    pub bucket: String,
    /// What the names of all objects begin with, up to a `/`; nothing by default.
    pub prefix: String,
    /// `https://host:port` of a server other than Amazon's; plain `http://` needs `allow_http` unless it is this machine.
    pub endpoint: Option<String>,
    /// Region; none: `AWS_REGION`, `AWS_DEFAULT_REGION`, else `us-east-1`.
    pub region: Option<String>,
    /// Whether the bucket's name stands in the path rather than in the host; none: where `endpoint` is set.
    pub path_style: Option<bool>,
    /// Whether `endpoint` may be plain HTTP to another machine.
    pub allow_http: bool,
    /// Authorities that have signed the server's certificate (PEM), besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Access key; none: the usual `AWS_…` variables, a web identity, or the machine's role.
    pub access_key_id: Option<String>,
    /// A file that holds `access_key_id`.
    pub access_key_id_file: Option<PathBuf>,
    /// Its secret.
    #[serde(serialize_with = "never")]
    pub secret_access_key: Option<SecretString>,
    /// A file that holds `secret_access_key`.
    pub secret_access_key_file: Option<PathBuf>,
    /// Longest time that keeping, giving back or removing one blob may take, retries included, milliseconds.
    pub timeout_ms: u64,
    /// Longest time until a connection stands, milliseconds.
    pub connect_timeout_ms: u64,
    /// How often one request is sent again after 429, 5xx or a lost connection.
    pub retries_max: usize,
    /// Blobs that are on their way at the same time; further ones wait within their time.
    pub connections_max: usize,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            prefix: String::new(),
            endpoint: None,
            region: None,
            path_style: None,
            allow_http: false,
            ca_file: None,
            access_key_id: None,
            access_key_id_file: None,
            secret_access_key: None,
            secret_access_key_file: None,
            timeout_ms: 10_000,
            connect_timeout_ms: 2_000,
            retries_max: 3,
            connections_max: 64,
        }
    }
}

/// The configuration names no usable place.
#[derive(Debug, thiserror::Error)]
pub enum BlobsConfigError {
    /// A value is missing or out of its range.
    #[error("blobs.s3.{key} {rule}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read blobs.s3.{key} {path}")]
    File {
        /// The key.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is configured makes no client; the text has no secret.
    #[error("blobs.s3 cannot be used: {0}")]
    Client(Box<str>),
}

impl S3Config {
    /// Refuses what could never work.
    pub(super) fn validate(&self) -> Result<(), BlobsConfigError> {
        let refuse = |key, rule| Err(BlobsConfigError::Value { key, rule });
        let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(3..=63).contains(&self.bucket.len()) || !self.bucket.bytes().all(is_in_name) {
            return refuse("bucket", "must have 3 to 63 letters, digits, `.`, `_` and `-`");
        }
        let parts = || self.prefix.split('/').filter(|part| !part.is_empty());
        if self.prefix.len() > 512 || !parts().all(|part| part.bytes().all(is_in_name)) {
            return refuse("prefix", "must have up to 512 letters, digits, `.`, `_`, `-` and `/`");
        }
        if parts().any(|part| part.bytes().all(|byte| byte == b'.')) {
            return refuse("prefix", "must not have a part of dots alone");
        }
        if let Some(endpoint) = &self.endpoint {
            let (is_plain, is_here) = read_endpoint(endpoint).ok_or(BlobsConfigError::Value {
                key: "endpoint",
                rule: "must be https://host:port without a path or a user",
            })?;
            if is_plain && !is_here && !self.allow_http {
                return refuse("endpoint", "is plain http:// to another machine, which needs allow_http");
            }
        }
        if !(100..=600_000).contains(&self.timeout_ms) {
            return refuse("timeout_ms", "must be 100 to 600,000");
        }
        if !(1..=60_000).contains(&self.connect_timeout_ms) {
            return refuse("connect_timeout_ms", "must be 1 to 60,000");
        }
        if self.retries_max > 10 {
            return refuse("retries_max", "must be 0 to 10");
        }
        if !(1..=1_000).contains(&self.connections_max) {
            return refuse("connections_max", "must be 1 to 1,000");
        }
        Ok(())
    }

    /// The access key and its secret, where the configuration has both.
    pub(super) fn access_key(&self) -> Result<Option<(SecretString, SecretString)>, BlobsConfigError> {
        let id = self.access_key_id.clone().map(SecretString::from);
        let id = one_of("access_key_id", id, self.access_key_id_file.as_ref())?;
        let secret = self.secret_access_key.clone();
        let secret = one_of("secret_access_key", secret, self.secret_access_key_file.as_ref())?;
        match (id, secret) {
            (Some(id), Some(secret)) => Ok(Some((id, secret))),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(BlobsConfigError::Value { key: "secret_access_key", rule: "is missed by access_key_id" })
            }
            (None, Some(_)) => {
                Err(BlobsConfigError::Value { key: "access_key_id", rule: "is missed by secret_access_key" })
            }
        }
    }
}

/// Whether an endpoint is plain, and whether it is on this machine; none if it is no endpoint.
fn read_endpoint(endpoint: &str) -> Option<(bool, bool)> {
    let uri: Uri = endpoint.parse().ok()?;
    let is_plain = match uri.scheme_str()? {
        "http" => true,
        "https" => false,
        _ => return None,
    };
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    uri.path_and_query().is_none_or(|path| path == "/").then_some(())?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    Some((is_plain, is_loopback || host == "localhost"))
}

/// A value, or what its file has.
fn one_of(
    key: &'static str,
    value: Option<SecretString>,
    path: Option<&PathBuf>,
) -> Result<Option<SecretString>, BlobsConfigError> {
    match (value, path) {
        (Some(_), Some(_)) => Err(BlobsConfigError::Value { key, rule: "stands beside its _file" }),
        (value, None) => Ok(value),
        (None, Some(path)) => {
            let text = fs::read_to_string(path).map_err(|source| BlobsConfigError::File {
                key,
                path: path.display().to_string(),
                source,
            })?;
            Ok(Some(text.trim().to_owned().into()))
        }
    }
}

/// Defaults are serialised to be merged with what is configured; a secret is never among them.
fn never<S: Serializer>(_: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
