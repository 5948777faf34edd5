//! An event as a record of Kafka: the binary mode of `CloudEvents`' Kafka protocol binding 1.0.2, attributes as headers.

use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use uuid::Uuid;

use prosopa_model::Timestamp;

use crate::{SOURCE_PREFIX, delivery::Delivery};

/// The first part of every topic's name as the product says it.
const PREFIX: &str = "prosopa.";

/// Digits of the largest position; filled up with zeros, since `sequence` is compared as a text.
const POSITION_DIGITS: usize = 19;

/// An event that came over a topic, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) producer: String,
    pub(super) event: Delivery,
}

/// Why a record is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("there is no header {0}")]
    Missing(&'static str),
    #[error("the header {0} is not understood")]
    Malformed(&'static str),
    #[error("there is no key, or it is no text")]
    Key,
    #[error("there is no message in it")]
    Empty,
}

/// The name of a topic on the brokers.
pub(super) fn physical_topic(prefix: &str, topic: &str) -> String {
    match topic.strip_prefix(PREFIX) {
        Some(rest) => format!("{prefix}.{rest}"),
        None => format!("{prefix}.{topic}"),
    }
}

/// The name of a topic in the product, of one on the brokers.
pub(super) fn logical_topic(prefix: &str, topic: &str) -> String {
    let rest = topic.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    rest.map_or_else(|| topic.to_owned(), |rest| format!("{PREFIX}{rest}"))
}

/// The attributes of an event that a producer says.
pub(super) fn headers_of(producer: &str, event: &Delivery) -> OwnedHeaders {
    let id = event.event_id.to_string();
    let source = format!("{SOURCE_PREFIX}{producer}");
    let time = event.time.to_string();
    let position = event.position;
    let sequence = format!("{position:0POSITION_DIGITS$}");
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_source", &source),
        ("ce_type", &event.kind),
        ("ce_subject", &event.key),
        ("ce_time", &time),
        ("ce_sequence", &sequence),
        ("content-type", "application/protobuf"),
    ];
    let traceparent = event.traceparent.as_deref().map(|trace| ("traceparent", trace));
    let headers = OwnedHeaders::new_with_capacity(attributes.len() + 1);
    attributes
        .into_iter()
        .chain(traceparent)
        .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// Reads a record. Whoever may write to the topic may have written anything.
pub(super) fn read(prefix: &str, record: &impl Message) -> Result<Received, Unreadable> {
    if require(record, "ce_specversion")? != "1.0" {
        return Err(Unreadable::Malformed("ce_specversion"));
    }
    let source = require(record, "ce_source")?;
    let producer = source.strip_prefix(SOURCE_PREFIX).filter(|producer| !producer.is_empty());
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok()).ok_or(Unreadable::Key)?;
    let event = Delivery {
        position: require(record, "ce_sequence")?
            .parse()
            .map_err(|_| Unreadable::Malformed("ce_sequence"))?,
        event_id: Uuid::try_parse(require(record, "ce_id")?).map_err(|_| Unreadable::Malformed("ce_id"))?,
        topic: logical_topic(prefix, record.topic()),
        key: key.to_owned(),
        kind: require(record, "ce_type")?.to_owned(),
        time: parse_time(require(record, "ce_time")?).ok_or(Unreadable::Malformed("ce_time"))?,
        traceparent: header(record, "traceparent").map(str::to_owned),
        data: record.payload().ok_or(Unreadable::Empty)?.to_vec(),
    };
    let producer = producer.ok_or(Unreadable::Malformed("ce_source"))?.to_owned();
    Ok(Received { producer, event })
}

fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn require<'a>(record: &'a impl Message, name: &'static str) -> Result<&'a str, Unreadable> {
    header(record, name).ok_or(Unreadable::Missing(name))
}

/// The last header of a name that is a text.
pub(super) fn header<'a>(record: &'a impl Message, name: &str) -> Option<&'a str> {
    let headers = record.headers()?;
    let values = (0..headers.count()).rev().filter_map(|index| headers.try_get(index));
    let value = values.filter(|header| header.key == name).find_map(|header| header.value)?;
    std::str::from_utf8(value).ok()
}
