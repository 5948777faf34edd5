//! Records that a subscription could not use, on the topic beside their own.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError as ClientError,
    message::{Header, Message, OwnedHeaders, OwnedMessage},
    producer::FutureRecord,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use prosopa_contract::events::DEAD_LETTERS_SUFFIX;

use super::{
    KafkaError,
    client::Quiet,
    connection::{Kafka, Sender},
    record::{header, logical_topic},
};

const REASON: &str = "dead-letter-reason";
const TOPIC: &str = "dead-letter-topic";
const PARTITION: &str = "dead-letter-partition";
const OFFSET: &str = "dead-letter-offset";
const SUBSCRIPTION: &str = "dead-letter-subscription";
const ATTEMPTS: &str = "dead-letter-attempts";

/// Longest reason, in characters.
const REASON_LENGTH_MAX: usize = 1_000;

/// Longest time for reading a topic of dead letters.
const PATIENCE: Duration = Duration::from_secs(10);

/// A record that a subscription could not use, as it lies on the topic of dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRecord {
    /// The subscription.
    pub subscription: String,
    /// The topic it came over, by its name in the product.
    pub topic: String,
    /// Its partition there.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// The event's id; none where it was no event.
    pub event_id: Option<String>,
    /// Why it could not be used.
    pub reason: String,
    /// How often it was tried; 0 where it was no event.
    pub attempts: u32,
    /// When it was put aside, milliseconds since the epoch.
    pub time_ms: Option<i64>,
}

/// Puts records aside; the client is made when the first one comes.
pub(super) struct Undertaker {
    kafka: Kafka,
    subscription: &'static str,
    sender: Option<Sender>,
}

impl Undertaker {
    pub(super) const fn new(kafka: Kafka, subscription: &'static str) -> Self {
        Self { kafka, subscription, sender: None }
    }

    /// Copies a record to the topic of dead letters and waits until the brokers have it; false where `stop` came first.
    pub(super) async fn bury(
        &mut self,
        record: &OwnedMessage,
        (reason, attempts): (&str, u32),
        stop: &CancellationToken,
    ) -> Result<bool, KafkaError> {
        let sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.kafka.producer()?,
        };
        let topic = format!("{}{DEAD_LETTERS_SUFFIX}", record.topic());
        let headers = self.headers_of(record, reason, attempts);
        let mut dead = FutureRecord::<[u8], [u8]>::to(&topic).headers(headers);
        dead.key = record.key();
        dead.payload = record.payload();
        let told = sender.send(dead)?;
        let told = tokio::select! {
            () = stop.cancelled() => return Ok(false),
            told = told => told,
        };
        told.map_err(|_| ClientError::Canceled)?.map_err(|(error, _)| error)?;
        // Only a client that works is kept.
        self.sender = Some(sender);
        Ok(true)
    }

    fn headers_of(&self, record: &OwnedMessage, reason: &str, attempts: u32) -> OwnedHeaders {
        let reason: String = reason.chars().take(REASON_LENGTH_MAX).collect();
        let told = [
            (REASON, reason),
            (TOPIC, record.topic().to_owned()),
            (PARTITION, record.partition().to_string()),
            (OFFSET, record.offset().to_string()),
            (SUBSCRIPTION, self.subscription.to_owned()),
            (ATTEMPTS, attempts.to_string()),
        ];
        let headers = record.headers().cloned().unwrap_or_default();
        told.into_iter().fold(headers, |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value.as_bytes()) })
        })
    }
}

impl Kafka {
    /// The newest dead letters of a topic, at most `limit`, those first that were put aside last.
    ///
    /// # Errors
    /// No broker answers in time, or there is no such topic.
    pub async fn list_dead_records(&self, topic: &str, limit: u32) -> Result<Vec<DeadRecord>, KafkaError> {
        let (kafka, topic) = (self.clone(), format!("{}{DEAD_LETTERS_SUFFIX}", self.physical_topic(topic)));
        let read = tokio::task::spawn_blocking(move || kafka.read_dead_records(&topic, i64::from(limit)));
        read.await.map_err(|_| ClientError::Canceled)?
    }

    fn read_dead_records(&self, topic: &str, limit: i64) -> Result<Vec<DeadRecord>, KafkaError> {
        let mut client = self.client().clone();
        // A group's name is wanted by the library; none is joined and no place is noted.
        client.set("group.id", format!("{}.dead-letters", self.prefix())).set("enable.auto.commit", "false");
        let consumer: BaseConsumer<Quiet> = client.create_with_context(Quiet)?;
        let (first, end) = consumer.fetch_watermarks(topic, 0, PATIENCE)?;
        let from = first.max(end - limit);
        let mut places = TopicPartitionList::new();
        places.add_partition_offset(topic, 0, Offset::Offset(from))?;
        consumer.assign(&places)?;
        let (mut found, asked_at) = (Vec::new(), Instant::now());
        let mut next = from;
        while next < end && asked_at.elapsed() < PATIENCE {
            if let Some(record) = consumer.poll(Duration::from_millis(100)) {
                let record = record?;
                next = record.offset() + 1;
                found.push(self.read_dead_record(&record));
            }
        }
        found.reverse();
        Ok(found)
    }

    fn read_dead_record(&self, record: &impl Message) -> DeadRecord {
        let text = |name: &str| header(record, name).unwrap_or_default().to_owned();
        DeadRecord {
            subscription: text(SUBSCRIPTION),
            topic: logical_topic(self.prefix(), &text(TOPIC)),
            partition: text(PARTITION).parse().unwrap_or(-1),
            offset: text(OFFSET).parse().unwrap_or(-1),
            event_id: header(record, "ce_id").map(str::to_owned),
            reason: text(REASON),
            attempts: text(ATTEMPTS).parse().unwrap_or_default(),
            time_ms: record.timestamp().to_millis(),
        }
    }
}
