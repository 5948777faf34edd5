//! How the brokers are reached, and what the topics on them are like.

use std::{fs, path::PathBuf};

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// The section `events` of the configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventsConfig {
    /// What carries events from one service to another.
    pub transport: Transport,
    /// The brokers, where these carry them.
    pub kafka: KafkaConfig,
}

/// What carries events from one service to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Whoever listens reads the producer's database.
    #[default]
    Outbox,
    /// Topics of Apache Kafka.
    Kafka,
}

/// The section `events.kafka`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Some of the brokers, `host:port` separated by commas.
    pub brokers: String,
    /// What names of topics and consumer groups begin with: 1 to 100 of `a-z 0-9 . _ -`.
    pub topic_prefix: String,
    /// Partitions of each topic, 1 to 1,000. A topic that exists must have as many.
    pub partitions: i32,
    /// Copies of each partition, 1 to 15, where topics are made.
    pub replication_factor: i32,
    /// What the brokers call this deployment in their logs and quotas.
    pub client_id: String,
    /// Whether to speak TLS.
    pub tls: bool,
    /// The certificates (PEM) against which the brokers' are verified; none trusts the system's authorities.
    pub tls_ca_file: Option<PathBuf>,
    /// Who this deployment is to the brokers, by SCRAM (RFC 5802); it needs TLS.
    pub user_name: Option<String>,
    /// The user's password.
    #[serde(serialize_with = "never")]
    pub password: Option<SecretString>,
    /// A file that holds `password`, for where secrets are mounted.
    pub password_file: Option<PathBuf>,
    /// Which SCRAM.
    pub scram_mechanism: ScramMechanism,
}

/// With which digest SCRAM proves that the password is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScramMechanism {
    /// SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    Sha256,
    /// SHA-512.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    Sha512,
}

/// The configuration names no usable brokers.
#[derive(Debug, thiserror::Error)]
pub enum KafkaConfigError {
    /// A value is not what it may be.
    #[error("events.kafka.{key} must be {range}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// Both forms of one secret.
    #[error("events.kafka.password and events.kafka.password_file are both set")]
    Both,
    /// One half of the credentials, or credentials that would be shown to the network.
    #[error("events.kafka.user_name needs events.kafka.tls and a password, and a password a user name")]
    Credentials,
    /// A file cannot be read.
    #[error("cannot read events.kafka.{key} {path}")]
    File {
        /// The key.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            topic_prefix: "prosopa".to_owned(),
            partitions: 3,
            replication_factor: 1,
            client_id: "prosopa".to_owned(),
            tls: false,
            tls_ca_file: None,
            user_name: None,
            password: None,
            password_file: None,
            scram_mechanism: ScramMechanism::default(),
        }
    }
}

impl KafkaConfig {
    fn validate(&self) -> Result<(), KafkaConfigError> {
        let range = |is_valid: bool, key, range| {
            if is_valid { Ok(()) } else { Err(KafkaConfigError::Range { key, range }) }
        };
        let is_address = |address: &str| {
            let parts = address.trim().rsplit_once(':');
            parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        let are_addresses = self.brokers.split(',').all(is_address);
        range(are_addresses, "brokers", "host:port, or several separated by commas")?;
        let is_name = |name: &str, length_max| {
            let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
            (1..=length_max).contains(&name.len()) && name.chars().all(is_allowed)
        };
        range(is_name(&self.topic_prefix, 100), "topic_prefix", "1 to 100 of a-z 0-9 . _ -")?;
        range(is_name(&self.client_id, 100), "client_id", "1 to 100 of a-z 0-9 . _ -")?;
        range((1..=1_000).contains(&self.partitions), "partitions", "1 to 1,000")?;
        range((1..=15).contains(&self.replication_factor), "replication_factor", "1 to 15")
    }

    fn password(&self) -> Result<Option<SecretString>, KafkaConfigError> {
        match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => Err(KafkaConfigError::Both),
            (None, Some(path)) => {
                let read = fs::read_to_string(path).map_err(|source| KafkaConfigError::File {
                    key: "password_file",
                    path: path.display().to_string(),
                    source,
                })?;
                Ok(Some(read.trim().to_owned().into()))
            }
            (password, None) => Ok(password.clone()),
        }
    }

    /// What every client is made from.
    pub(super) fn client(&self) -> Result<ClientConfig, KafkaConfigError> {
        self.validate()?;
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.brokers).set("client.id", &self.client_id);
        // A broker that comes back is found within seconds.
        client.set("reconnect.backoff.max.ms", "2000").set("socket.keepalive.enable", "true");
        if self.tls {
            client.set("security.protocol", "ssl");
        }
        if let Some(path) = &self.tls_ca_file {
            let certificates = fs::read_to_string(path).map_err(|source| KafkaConfigError::File {
                key: "tls_ca_file",
                path: path.display().to_string(),
                source,
            })?;
            client.set("ssl.ca.pem", certificates);
        }
        match (&self.user_name, self.password()?) {
            (None, None) => {}
            (Some(user_name), Some(password)) if self.tls => {
                let mechanism = match self.scram_mechanism {
                    ScramMechanism::Sha256 => "SCRAM-SHA-256",
                    ScramMechanism::Sha512 => "SCRAM-SHA-512",
                };
                client.set("security.protocol", "sasl_ssl").set("sasl.mechanisms", mechanism);
                client.set("sasl.username", user_name).set("sasl.password", password.expose_secret());
            }
            _ => return Err(KafkaConfigError::Credentials),
        }
        Ok(client)
    }
}

/// Defaults are serialised to be merged with what is configured; a secret is never among them.
fn never<S: Serializer>(_: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
