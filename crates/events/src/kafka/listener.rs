//! Hands what comes over the brokers to a subscription of a service.

use std::{sync::Arc, time::Duration};

use rdkafka::{error::KafkaError as ClientError, message::BorrowedMessage};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use prosopa_model::Clock;
use prosopa_store::Database;

use super::{
    KafkaError,
    connection::Kafka,
    consumer::Consumer,
    dead_letters::Undertaker,
    partitions::Partitions,
    pending::{Pending, Record},
    record,
};
use crate::{
    metrics::RunnerMetrics,
    replay,
    runner::{RunnerConfig, TRIM_PERIOD, TRIM_STEP},
    store::{consumer as inbox, letters},
    subscription::{HandlerError, Subscription},
};

/// Time between two wakings of the client's own thread, which has to give a sign of life every three seconds.
const ROUSE_PERIOD: Duration = Duration::from_secs(1);

/// Hands events to one subscription; processes with the same one share them by keys.
///
/// Unlike a [`Runner`](crate::Runner), several processes may call a handler at the same time, for events of different keys.
pub struct Listener {
    kafka: Kafka,
    subscription: Subscription,
    database: Database,
    clock: Arc<dyn Clock>,
    config: RunnerConfig,
    metrics: RunnerMetrics,
    undertaker: Undertaker,
    replayed_at: Option<Instant>,
    trimmed_at: Option<Instant>,
    roused_at: Option<Instant>,
}

/// What came of some events.
enum Outcome {
    Applied,
    /// Their partitions belong to another process by now: nothing was done.
    TakenAway,
    /// One of them had no effect, so none had.
    Failed(HandlerError),
}

impl Listener {
    /// A listener to be run by [`Listener::run`].
    pub fn new(
        kafka: Kafka,
        subscription: Subscription,
        database: Database,
        clock: Arc<dyn Clock>,
        config: RunnerConfig,
        metrics: RunnerMetrics,
    ) -> Self {
        let undertaker = Undertaker::new(kafka.clone(), subscription.name);
        Self {
            kafka,
            subscription,
            database,
            clock,
            config,
            metrics,
            undertaker,
            replayed_at: None,
            trimmed_at: None,
            roused_at: None,
        }
    }

    /// Hands events over until `stop`; to be supervised. Brokers that are lost are waited for.
    pub async fn run(&mut self, stop: CancellationToken) -> Result<(), KafkaError> {
        if !self.kafka.wait_for_topics(&stop).await? {
            return Ok(());
        }
        let Subscription { name, topics, .. } = self.subscription;
        let partitions = Partitions::new(name, self.metrics.clone());
        let consumer = Consumer::join(&self.kafka, name, topics, partitions)?;
        let outcome = self.listen(&consumer, &stop).await;
        consumer.leave().await;
        outcome
    }

    async fn listen(&mut self, consumer: &Consumer, stop: &CancellationToken) -> Result<(), KafkaError> {
        let mut pending = Pending::default();
        while !stop.is_cancelled() {
            // However long one event takes, the group is listened to before the next.
            while let Some(received) = consumer.receive_now() {
                self.receive(received, &mut pending)?;
                if !pending.has_room() {
                    break;
                }
            }
            self.rouse(consumer);
            pending.retain(|record| consumer.holds(std::iter::once(record)));
            if pending.is_empty() {
                self.look_after().await?;
                self.replay(stop).await?;
                tokio::select! {
                    () = stop.cancelled() => {}
                    received = consumer.receive() => self.receive(received, &mut pending)?,
                    () = tokio::time::sleep(self.config.poll) => {}
                }
            } else {
                self.step(consumer, &mut pending, stop).await?;
                self.replay(stop).await?;
            }
        }
        Ok(())
    }

    fn receive(
        &self,
        received: Result<BorrowedMessage<'_>, ClientError>,
        pending: &mut Pending,
    ) -> Result<(), KafkaError> {
        match received {
            Ok(message) => {
                let read = record::read(self.kafka.prefix(), &message);
                pending.push(Record { raw: message.detach(), read });
                Ok(())
            }
            Err(error @ (ClientError::MessageConsumptionFatal(_) | ClientError::Canceled)) => {
                Err(error.into())
            }
            // The client mends it, or says so again.
            Err(error) => {
                tracing::warn!(subscription = self.subscription.name, %error, "kafka");
                Ok(())
            }
        }
    }

    /// Uses the first of what is pending: all events of it, or one, or puts aside what is none.
    async fn step(
        &mut self,
        consumer: &Consumer,
        pending: &mut Pending,
        stop: &CancellationToken,
    ) -> Result<(), KafkaError> {
        let name = self.subscription.name;
        let events = pending.events();
        let count = events.len();
        if count == 0 {
            let Some(Record { raw, read: Err(why) }) = pending.first() else { return Ok(()) };
            if self.undertaker.bury(raw, (&why.to_string(), 0), stop).await? {
                self.metrics.count(name, "unreadable", 1);
                tracing::error!(subscription = name, reason = %why, "record put aside that is no event");
                consumer.store(pending.finish(1).collect::<Vec<_>>().iter());
            }
            return Ok(());
        }
        let failure = match self.apply(consumer, events).await? {
            Outcome::TakenAway => return Ok(()),
            Outcome::Applied => {
                consumer.store(pending.finish(count).collect::<Vec<_>>().iter());
                return Ok(());
            }
            Outcome::Failed(failure) => failure,
        };
        if count > 1 {
            pending.use_singly(count);
            return Ok(());
        }
        self.metrics.count(name, "failed", 1);
        let attempts = pending.count_attempt();
        if matches!(failure, HandlerError::Poison(_)) || attempts >= self.config.attempts_max {
            let is_put_aside = match pending.first() {
                Some(record) => self.put_aside(record, (&failure.to_string(), attempts), stop).await?,
                None => false,
            };
            if is_put_aside {
                consumer.store(pending.finish(1).collect::<Vec<_>>().iter());
            }
            return Ok(());
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(self.config.pause_behind(attempts)) => {}
        }
        Ok(())
    }

    /// Applies events, or none of them.
    async fn apply(&self, consumer: &Consumer, events: &[Record]) -> Result<Outcome, KafkaError> {
        let mut tx = self.database.begin().await?;
        let (mut applied, mut repeated) = (0, 0);
        for received in events.iter().filter_map(|record| record.read.as_ref().ok()) {
            match self.subscription.apply(&mut tx, &received.event, self.clock.now()).await {
                Ok(true) => applied += 1,
                Ok(false) => repeated += 1,
                // The event is not to blame.
                Err(HandlerError::Store(error)) => return Err(error.into()),
                Err(failure) => {
                    tx.rollback().await?;
                    return Ok(Outcome::Failed(failure));
                }
            }
        }
        if !consumer.holds(events.iter()) {
            tx.rollback().await?;
            return Ok(Outcome::TakenAway);
        }
        tx.commit().await?;
        self.metrics.count(self.subscription.name, "applied", applied);
        self.metrics.count(self.subscription.name, "repeated", repeated);
        Ok(Outcome::Applied)
    }

    /// Puts an event aside: on the topic of dead letters, for whoever watches the brokers, and as a row, from which it can
    /// be replayed. A crash between leaves a second copy on the topic.
    async fn put_aside(
        &mut self,
        record: &Record,
        why: (&str, u32),
        stop: &CancellationToken,
    ) -> Result<bool, KafkaError> {
        let Ok(received) = &record.read else { return Ok(false) };
        if !self.undertaker.bury(&record.raw, why, stop).await? {
            return Ok(false);
        }
        let name = self.subscription.name;
        let mut tx = self.database.begin().await?;
        letters::insert(&mut tx, (name, &received.producer), &received.event, why, self.clock.now()).await?;
        tx.commit().await?;
        self.metrics.count(name, "dead", 1);
        let (event_id, kind, reason) = (received.event.event_id, &received.event.kind, why.0);
        tracing::error!(subscription = name, %event_id, kind, reason, "event put aside");
        Ok(true)
    }

    /// Tries again, now and then, what was asked for.
    async fn replay(&mut self, stop: &CancellationToken) -> Result<(), KafkaError> {
        if self.replayed_at.is_some_and(|time| time.elapsed() < self.config.poll) {
            return Ok(());
        }
        self.replayed_at = Some(Instant::now());
        let counted = (&self.metrics, self.subscription.name);
        let what = (&self.subscription, "");
        replay::replay_requested(&self.database, what, self.clock.as_ref(), counted, stop).await?;
        Ok(())
    }

    /// Wakes, now and then, the client's own thread. It sleeps until a time of day: behind a clock that was set back it would sleep
    /// for as long as that, with no sign of life for the group and no place noted.
    fn rouse(&mut self, consumer: &Consumer) {
        if self.roused_at.is_none_or(|time| time.elapsed() >= ROUSE_PERIOD) {
            self.roused_at = Some(Instant::now());
            consumer.rouse();
        }
    }

    /// Deletes, now and then, what this subscription has had long ago.
    async fn look_after(&mut self) -> Result<(), KafkaError> {
        if self.trimmed_at.is_some_and(|time| time.elapsed() < TRIM_PERIOD) {
            return Ok(());
        }
        self.trimmed_at = Some(Instant::now());
        let before = self.clock.now().before(self.config.keep);
        while inbox::delete_received_before(&self.database, before, TRIM_STEP).await? > 0 {}
        Ok(())
    }
}
