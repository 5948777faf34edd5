//! Events between services: published by a row in the transaction that causes them, read with a cursor that is committed
//! beside the reader's effect.
//!
//! What is promised:
//! - A transaction that is rolled back publishes nothing; one that is committed publishes all of its events.
//! - A subscription has every event, in the order in which they were said, so those of one key among them.
//! - The effect of an event, its line in the inbox and the cursor are one transaction: a crash anywhere between, and a
//!   second delivery, leave one effect. Two processes with one subscription do not both apply an event.
//! - An event that a subscription cannot use is tried again for a while, then put aside with the reason; what follows
//!   goes on. It can be replayed later, once in effect like a delivery.
//!
//! Knows no service. Here the reader reads the producer's own rows; over a broker the same handlers are called.

mod delivery;
mod kafka;
mod metrics;
mod outbox;
mod replay;
mod runner;
mod source;
mod store;
mod subscription;
#[cfg(feature = "testing")]
pub mod testing;

use prosopa_store::{Migration, migration};

pub use self::{
    delivery::Delivery,
    kafka::{
        DeadRecord, EventsConfig, Kafka, KafkaConfig, KafkaConfigError, KafkaError, Listener, Relay,
        RelayConfig, ScramMechanism, TopicError, Transport,
    },
    metrics::{RelayMetrics, RunnerMetrics, SetupError},
    outbox::{EVENT_BYTES_MAX, Outbox, SOURCE_PREFIX},
    replay::{Letters, Replayed, replay_dead_letters, request_replay},
    runner::{Runner, RunnerConfig},
    source::Source,
    store::letters::{DeadLetter, LetterFilter, find_dead_letters, list_dead_letters},
    subscription::{Handler, HandlerError, Subscription},
};

/// The tables of events, for the list of migrations of every service that says or hears some.
pub const MIGRATION: Migration = migration!("events");

/// What replays add to them, for the end of the same lists.
pub const REPLAY_MIGRATION: Migration = migration!("events_replay");

/// What relays to a broker add, for the end of the lists of those who say some.
pub const RELAY_MIGRATION: Migration = migration!("events_relay");
