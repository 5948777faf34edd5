//! The brokers as a process uses them: what is common to its relays and listeners.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    ClientConfig,
    message::ToBytes,
    producer::{FutureProducer, FutureRecord, future_producer::DeliveryFuture},
};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{
    KafkaError,
    client::{Quiet, close_elsewhere},
    config::{KafkaConfig, KafkaConfigError},
    record,
    topics::{self, DEAD_RECORD_BYTES_MAX, TopicError},
};

/// Pause before the brokers are asked again, at first and at most.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Bytes that wait for the brokers in one producer.
const QUEUE_KIB: &str = "32768";

/// The brokers of a deployment. Cheap to clone.
#[derive(Clone)]
pub struct Kafka {
    config: Arc<KafkaConfig>,
    client: ClientConfig,
    checked: Arc<OnceCell<()>>,
}

impl Kafka {
    /// The brokers of a configuration, which are not asked yet.
    pub fn new(config: KafkaConfig) -> Result<Self, KafkaConfigError> {
        let client = config.client()?;
        Ok(Self { config: Arc::new(config), client, checked: Arc::default() })
    }

    /// Makes the topics that are missing and checks the others, once in a process.
    pub async fn ensure_topics(&self) -> Result<(), TopicError> {
        let ensure = || topics::ensure(&self.client, &self.config);
        self.checked.get_or_try_init(ensure).await.copied()
    }

    /// Does so, and waits for brokers that are not there; false where `stop` came first.
    pub(super) async fn wait_for_topics(&self, stop: &CancellationToken) -> Result<bool, TopicError> {
        let mut pause = PAUSE;
        loop {
            let ensured = tokio::select! {
                () = stop.cancelled() => return Ok(false),
                ensured = self.ensure_topics() => ensured,
            };
            match ensured {
                Ok(()) => return Ok(true),
                Err(TopicError::Unreachable(error)) => tracing::warn!(%error, "no broker answers"),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
            }
        }
    }

    /// What topics and groups are called first.
    pub(super) fn prefix(&self) -> &str {
        &self.config.topic_prefix
    }

    /// A topic's name on the brokers.
    pub(super) fn physical_topic(&self, topic: &str) -> String {
        record::physical_topic(self.prefix(), topic)
    }

    /// What every client is made from.
    pub(super) const fn client(&self) -> &ClientConfig {
        &self.client
    }

    /// A producer whose records stand in the topic in the order in which it was given them, each once, or not at all
    /// behind one that is missing: none is given up while the producer lives.
    pub(super) fn producer(&self) -> Result<Sender, KafkaError> {
        let mut client = self.client.clone();
        client.set("enable.idempotence", "true").set("acks", "all");
        client.set("message.timeout.ms", "0").set("message.max.bytes", DEAD_RECORD_BYTES_MAX);
        client.set("queue.buffering.max.kbytes", QUEUE_KIB).set("linger.ms", "0");
        client.set("compression.type", "lz4");
        Ok(Sender(Some(client.create_with_context(Quiet)?)))
    }
}

/// A producer; what it has not sent when it is dropped is never sent.
pub(super) struct Sender(Option<FutureProducer<Quiet>>);

impl Sender {
    /// Hands a record over; what comes of it is told later. The error says at once that it is not taken.
    pub(super) fn send<K: ToBytes + ?Sized, P: ToBytes + ?Sized>(
        &self,
        record: FutureRecord<'_, K, P>,
    ) -> Result<DeliveryFuture, rdkafka::error::KafkaError> {
        let producer = self.0.as_ref().ok_or(rdkafka::error::KafkaError::Canceled)?;
        producer.send_result(record).map_err(|(error, _)| error)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        close_elsewhere(self.0.take());
    }
}
