//! The same events over Apache Kafka, between services that do not see each other's databases.
//!
//! ```text
//! outbox -> relay (one of each service, by a lease) -> topic -> listener (a consumer group for each subscription)
//! ```
//!
//! The relay notes how far it is once the broker has acknowledged; the listener keeps its place once its transaction is
//! committed. What is carried twice in between has one effect: the inbox knows it.

mod carried;
mod client;
mod config;
mod connection;
mod consumer;
mod dead_letters;
mod lease;
mod listener;
mod partitions;
mod pending;
mod record;
mod relay;
mod topics;

pub use self::{
    config::{EventsConfig, KafkaConfig, KafkaConfigError, ScramMechanism, Transport},
    connection::Kafka,
    dead_letters::DeadRecord,
    listener::Listener,
    relay::{Relay, RelayConfig},
    topics::TopicError,
};

/// What carries events over Kafka cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// The topics are not as they must be.
    #[error(transparent)]
    Topics(#[from] TopicError),
    /// The client cannot be made or has failed for good.
    #[error("the Kafka client failed: {0}")]
    Client(#[from] rdkafka::error::KafkaError),
    /// The service's own database failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
}
