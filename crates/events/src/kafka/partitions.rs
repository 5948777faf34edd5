//! Which partitions a listener holds: what it is given and what is taken away from it is told by the group.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use rdkafka::{
    ClientContext, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext, Rebalance},
    error::KafkaError,
    statistics::Statistics,
};

use super::client;
use crate::metrics::RunnerMetrics;

/// The partitions of one listener.
pub(super) struct Partitions {
    subscription: &'static str,
    metrics: RunnerMetrics,
    held: Mutex<BTreeSet<(String, i32)>>,
}

impl Partitions {
    pub(super) const fn new(subscription: &'static str, metrics: RunnerMetrics) -> Self {
        Self { subscription, metrics, held: Mutex::new(BTreeSet::new()) }
    }

    /// Whether a partition is held.
    pub(super) fn holds(&self, topic: &str, partition: i32) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.contains(&(topic.to_owned(), partition))
    }

    fn change(
        &self,
        change: impl Fn(&mut BTreeSet<(String, i32)>, (String, i32)) -> bool,
        list: &TopicPartitionList,
    ) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for element in list.elements() {
            change(&mut held, (element.topic().to_owned(), element.partition()));
        }
    }
}

impl ConsumerContext for Partitions {
    fn pre_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.change(|held, partition| held.insert(partition), list),
            Rebalance::Revoke(list) => self.change(|held, partition| held.remove(&partition), list),
            Rebalance::Error(_) => self.held.lock().unwrap_or_else(PoisonError::into_inner).clear(),
        }
    }
}

impl ClientContext for Partitions {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    /// How many records are waiting in the partitions that are held.
    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let lag: i64 = partitions.map(|partition| partition.consumer_lag_stored.max(0)).sum();
        self.metrics.set_lag(self.subscription, lag);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        client::complain(&error, reason);
    }
}
