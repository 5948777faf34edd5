//! A member of the consumer group of a subscription.

use std::time::Duration;

use futures::FutureExt;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    error::{KafkaError as ClientError, KafkaResult},
    message::{BorrowedMessage, Message},
};

use super::{
    KafkaError, client::close_elsewhere, connection::Kafka, partitions::Partitions, pending::Record,
};

/// Longest time for leaving the group in an orderly way.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// Milliseconds between two notes of the group's place, and between two looks at how much is waiting.
const COMMIT_MS: &str = "250";
const STATISTICS_MS: &str = "2000";

/// Milliseconds without a sign of life after which the others take the partitions.
const SESSION_MS: &str = "10000";

/// Bytes of records that wait in the client.
const QUEUE_KIB: &str = "16384";

/// A member of a group; it leaves when it is dropped.
pub(super) struct Consumer(Option<StreamConsumer<Partitions>>);

impl Consumer {
    /// Joins the group of a subscription.
    pub(super) fn join(
        kafka: &Kafka,
        subscription: &str,
        topics: &[&str],
        partitions: Partitions,
    ) -> Result<Self, KafkaError> {
        let mut client = kafka.client().clone();
        client.set("group.id", format!("{}.{subscription}", kafka.prefix()));
        client.set("partition.assignment.strategy", "cooperative-sticky");
        // Only what was stored is committed, and it is stored behind the transaction of its effect.
        client.set("enable.auto.offset.store", "false").set("auto.commit.interval.ms", COMMIT_MS);
        client.set("auto.offset.reset", "earliest").set("isolation.level", "read_committed");
        client.set("session.timeout.ms", SESSION_MS).set("statistics.interval.ms", STATISTICS_MS);
        client.set("queued.max.messages.kbytes", QUEUE_KIB).set("fetch.wait.max.ms", "100");
        let consumer: StreamConsumer<Partitions> = client.create_with_context(partitions)?;
        let names: Vec<String> = topics.iter().map(|topic| kafka.physical_topic(topic)).collect();
        consumer.subscribe(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(Self(Some(consumer)))
    }

    /// The next record, once there is one.
    pub(super) async fn receive(&self) -> KafkaResult<BorrowedMessage<'_>> {
        self.client()?.recv().await
    }

    /// The next record that is here already; looked at or not, what the group says is heard meanwhile.
    pub(super) fn receive_now(&self) -> Option<KafkaResult<BorrowedMessage<'_>>> {
        match self.client() {
            Ok(client) => client.recv().now_or_never(),
            Err(error) => Some(Err(error)),
        }
    }

    /// Whether all records are from partitions that are still ours.
    pub(super) fn holds<'a>(&self, mut records: impl Iterator<Item = &'a Record>) -> bool {
        let Ok(client) = self.client() else { return false };
        !client.assignment_lost()
            && records.all(|record| client.context().holds(record.raw.topic(), record.raw.partition()))
    }

    /// Notes that records, in their order, are done with.
    pub(super) fn store<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        let mut places = TopicPartitionList::new();
        for record in records {
            let (topic, partition) = (record.raw.topic(), record.raw.partition());
            let next = Offset::Offset(record.raw.offset() + 1);
            let place = match places.find_partition(topic, partition) {
                Some(mut known) => known.set_offset(next),
                None => places.add_partition_offset(topic, partition, next),
            };
            if let Err(error) = place {
                tracing::warn!(%error, topic, partition, "a place cannot be noted");
            }
        }
        // Of a partition that was taken away meanwhile, nothing is noted: who has it now finds the inbox.
        if let Err(error) = self.client().and_then(|client| client.store_offsets(&places)) {
            tracing::debug!(%error, "a place is not noted");
        }
    }

    /// Wakes the client's own thread, by an order that changes nothing where nothing is to be noted.
    pub(super) fn rouse(&self) {
        let told = self.client().and_then(|client| client.commit_consumer_state(CommitMode::Async));
        if let Err(error) = told {
            tracing::debug!(%error, "the client's thread is not woken");
        }
    }

    /// Leaves the group, with the place noted.
    pub(super) async fn leave(mut self) {
        let left = close_elsewhere(self.0.take());
        if tokio::time::timeout(CLOSE_TIME, left).await.is_err() {
            tracing::warn!("a consumer group is left without a word");
        }
    }

    fn client(&self) -> KafkaResult<&StreamConsumer<Partitions>> {
        self.0.as_ref().ok_or(ClientError::Canceled)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            close_elsewhere(client);
        }
    }
}
