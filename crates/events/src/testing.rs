//! Brokers as somebody sees them who is no part of the product: what lies on a topic, and a record put there.
//!
//! For tests only.

use std::{collections::HashMap, time::Duration};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError as ClientError,
    message::{Header, Headers, Message, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};

use crate::KafkaError;

/// Longest time for one question to the brokers.
const PATIENCE: Duration = Duration::from_secs(20);

/// A record on a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRecord {
    /// Its partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers that are texts.
    pub headers: HashMap<String, String>,
    /// Its value; empty where there is none.
    pub value: Vec<u8>,
}

impl SeenRecord {
    /// The event's id; empty where it is no event.
    pub fn event_id(&self) -> &str {
        self.headers.get("ce_id").map_or("", String::as_str)
    }

    /// What kind of event it is; empty where it is none.
    pub fn kind(&self) -> &str {
        self.headers.get("ce_type").map_or("", String::as_str)
    }
}

/// All that lies on a topic now, each partition in its order.
///
/// # Errors
/// The brokers do not answer in time, or there is no such topic.
pub async fn read_topic(brokers: &str, topic: &str) -> Result<Vec<SeenRecord>, KafkaError> {
    let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
    let read = tokio::task::spawn_blocking(move || read_all(&brokers, &topic)).await;
    Ok(read.unwrap_or(Err(ClientError::Canceled))?)
}

/// Puts a record on a topic and waits until the brokers have it.
///
/// # Errors
/// The brokers do not take it in time.
pub async fn put_record(
    brokers: &str,
    topic: &str,
    key: &str,
    headers: &[(&str, &str)],
    value: &[u8],
) -> Result<(), KafkaError> {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let told = headers.iter().fold(OwnedHeaders::new(), |told, (key, value)| {
        told.insert(Header { key, value: Some(value.as_bytes()) })
    });
    let record = FutureRecord::to(topic).key(key).payload(value).headers(told);
    producer.send(record, PATIENCE).await.map_err(|(error, _)| error)?;
    Ok(())
}

fn read_all(brokers: &str, topic: &str) -> Result<Vec<SeenRecord>, ClientError> {
    let mut client = ClientConfig::new();
    // A group's name is wanted by the library; none is joined and no place is noted.
    client.set("bootstrap.servers", brokers).set("group.id", "a-look").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = client.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let (mut places, mut ends) = (TopicPartitionList::new(), HashMap::new());
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        let (first, end) = consumer.fetch_watermarks(topic, partition.id(), PATIENCE)?;
        if first < end {
            places.add_partition_offset(topic, partition.id(), Offset::Offset(first))?;
            ends.insert(partition.id(), end);
        }
    }
    consumer.assign(&places)?;
    let mut seen = Vec::new();
    while !ends.is_empty() {
        let record = consumer.poll(PATIENCE).ok_or(ClientError::Canceled)??;
        if ends.get(&record.partition()).is_some_and(|end| record.offset() + 1 >= *end) {
            ends.remove(&record.partition());
        }
        seen.push(SeenRecord {
            partition: record.partition(),
            offset: record.offset(),
            key: record.key().map(<[u8]>::to_vec),
            headers: texts_of(&record),
            value: record.payload().unwrap_or_default().to_vec(),
        });
    }
    Ok(seen)
}

fn texts_of(record: &impl Message) -> HashMap<String, String> {
    let headers = record.headers().into_iter().flat_map(Headers::iter);
    let texts = headers.filter_map(|header| {
        let text = String::from_utf8(header.value?.to_vec()).ok()?;
        Some((header.key.to_owned(), text))
    });
    texts.collect()
}
