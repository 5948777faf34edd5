//! Carries what a service says from its outbox to the brokers.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::OptionFuture};
use rdkafka::{
    error::{KafkaError as ClientError, RDKafkaErrorCode},
    producer::{FutureRecord, future_producer::DeliveryFuture},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use prosopa_model::Clock;

use super::{
    KafkaError,
    carried::Carried,
    connection::{Kafka, Sender},
    lease::Lease,
    record,
};
use crate::{delivery::Delivery, metrics::RelayMetrics, outbox::Outbox, source::Source};

/// Events read at once.
const BATCH: i64 = 1_000;

/// Events on their way to the brokers at most.
const IN_FLIGHT_MAX: usize = 10_000;

/// Time between two notes of how far the relay is: each is a transaction, for which no event is to wait.
const NOTE_PERIOD: Duration = Duration::from_millis(100);

/// Pause when a gap is waited for, which is a matter of transactions under way.
const GAP_PAUSE: Duration = Duration::from_millis(20);

/// Time between two looks at how much is waiting, and between two rounds of deleting what nobody needs.
const MEASURE_PERIOD: Duration = Duration::from_secs(1);
const TRIM_PERIOD: Duration = Duration::from_secs(600);

/// Pause behind brokers that refuse, at first and at most.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How events are carried.
#[derive(Debug, Clone, Copy)]
pub struct RelayConfig {
    /// Longest time without a look at the outbox when nothing wakes the relay.
    pub poll: Duration,
    /// How long the right to carry outlives a process that vanishes; by the database's clock.
    pub lease: Duration,
    /// Longest wait for acknowledgements at the end.
    pub drain: Duration,
    /// How long events are kept in the outbox that were carried.
    pub keep: Duration,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(50),
            lease: Duration::from_secs(10),
            drain: Duration::from_secs(2),
            keep: Duration::from_hours(24),
        }
    }
}

/// Carries what a service says to the brokers, one process at a time.
pub struct Relay {
    kafka: Kafka,
    outbox: Outbox,
    source: Source,
    lease: Lease,
    clock: Arc<dyn Clock>,
    config: RelayConfig,
    metrics: RelayMetrics,
    measured_at: Option<Instant>,
    trimmed_at: Option<Instant>,
}

/// Why a relay has stopped carrying.
enum Stopped {
    /// The end was asked for.
    End,
    /// Another process has the lease.
    LeaseLost,
    /// The brokers took something not, or not for certain; all that is not acknowledged is carried again.
    Refused(ClientError),
}

impl Relay {
    /// A relay to be run by [`Relay::run`]; the outbox's database has the table of
    /// [`RELAY_MIGRATION`](crate::RELAY_MIGRATION).
    pub fn new(
        kafka: Kafka,
        outbox: Outbox,
        clock: Arc<dyn Clock>,
        config: RelayConfig,
        metrics: RelayMetrics,
    ) -> Self {
        let name = format!("kafka/{}", kafka.prefix());
        let lease = Lease::new(outbox.database().clone(), name, config.lease);
        let source = outbox.source();
        Self { kafka, outbox, source, lease, clock, config, metrics, measured_at: None, trimmed_at: None }
    }

    /// Carries events until `stop`; to be supervised. Brokers that are lost are waited for.
    pub async fn run(&mut self, stop: CancellationToken) -> Result<(), KafkaError> {
        let mut pause = PAUSE;
        while !stop.is_cancelled() {
            if !self.kafka.wait_for_topics(&stop).await? {
                break;
            }
            let Some(position) = self.lease.take().await? else {
                self.metrics.set_waiting(self.outbox.service(), 0, Duration::ZERO);
                wait(&stop, self.lease.pause()).await;
                continue;
            };
            let mut carried = Carried::new(self.kafka.producer()?, position);
            let stopped = self.carry(&mut carried, &stop).await?;
            if carried.noted > position {
                pause = PAUSE;
            }
            drop(carried);
            match stopped {
                Stopped::End => break,
                Stopped::LeaseLost => {
                    tracing::info!(service = self.outbox.service(), "another relay carries")
                }
                Stopped::Refused(error) => {
                    self.metrics.count(self.outbox.service(), "failed", 1);
                    tracing::warn!(service = self.outbox.service(), %error, "the brokers refuse an event");
                    wait(&stop, pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        Ok(self.lease.release().await?)
    }

    async fn carry(
        &mut self,
        carried: &mut Carried,
        stop: &CancellationToken,
    ) -> Result<Stopped, KafkaError> {
        let wake = self.source.wake().clone();
        loop {
            let rung = wake.notified();
            tokio::pin!(rung);
            // From here on no ring is missed; what was published before is read.
            rung.as_mut().enable();
            let is_at_end = match self.hand_over(carried).await? {
                Ok(events) => events == 0,
                Err(error) => return Ok(Stopped::Refused(error)),
            };
            if let Err(error) = self.take_acknowledgements(carried) {
                return Ok(Stopped::Refused(error));
            }
            if !self.note(carried, false).await? {
                return Ok(Stopped::LeaseLost);
            }
            self.measure(carried).await?;
            if !is_at_end && carried.in_flight.len() < IN_FLIGHT_MAX {
                continue;
            }
            let pause = self.pause(carried);
            let next: OptionFuture<_> = carried.in_flight.front_mut().map(|(_, told)| told).into();
            tokio::select! {
                () = stop.cancelled() => return self.end(carried).await,
                // It is looked at in its turn; what is told here is kept for that.
                Some(told) = next => {
                    if let Err(error) = carried.acknowledge_first(told) {
                        return Ok(Stopped::Refused(error));
                    }
                    self.metrics.count(self.outbox.service(), "acknowledged", 1);
                }
                () = rung => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Longest time without a look when nothing rings.
    fn pause(&self, carried: &Carried) -> Duration {
        let pause = if self.source.has_gap() { GAP_PAUSE } else { self.config.poll };
        let until_note = if carried.acknowledged > carried.noted { NOTE_PERIOD } else { pause };
        pause.min(until_note).min(self.lease.pause())
    }

    /// Hands over what follows, as much as there is room for; gives back how many events, or why one is not taken.
    async fn hand_over(&mut self, carried: &mut Carried) -> Result<Result<usize, ClientError>, KafkaError> {
        if carried.in_flight.len() >= IN_FLIGHT_MAX {
            return Ok(Ok(0));
        }
        let events = self.source.read_after(carried.sent, BATCH).await?;
        let mut sent = 0;
        for event in &events {
            match self.send(&carried.sender, event) {
                Ok(told) => carried.in_flight.push_back((event.position, told)),
                // The next time.
                Err(ClientError::MessageProduction(RDKafkaErrorCode::QueueFull)) => break,
                Err(error) => return Ok(Err(error)),
            }
            carried.sent = event.position;
            sent += 1;
        }
        self.metrics.count(self.outbox.service(), "produced", sent);
        Ok(Ok(usize::try_from(sent).unwrap_or(usize::MAX)))
    }

    fn send(&self, sender: &Sender, event: &Delivery) -> Result<DeliveryFuture, ClientError> {
        let topic = self.kafka.physical_topic(&event.topic);
        let headers = record::headers_of(self.outbox.service(), event);
        // Of the time at which it is handed over: brokers keep a record so long from its time, and an event may have waited.
        let record =
            FutureRecord::to(&topic).key(event.key.as_str()).payload(event.data.as_slice()).headers(headers);
        sender.send(record)
    }

    fn take_acknowledgements(&self, carried: &mut Carried) -> Result<(), ClientError> {
        let mut acknowledged = 0;
        let mut outcome = Ok(());
        while let Some(told) = carried.in_flight.front_mut().and_then(|(_, told)| told.now_or_never()) {
            outcome = carried.acknowledge_first(told);
            if outcome.is_err() {
                break;
            }
            acknowledged += 1;
        }
        self.metrics.count(self.outbox.service(), "acknowledged", acknowledged);
        outcome
    }

    /// Notes how far the brokers have everything, when it is time or `is_last`; false where the lease is lost.
    async fn note(&mut self, carried: &mut Carried, is_last: bool) -> Result<bool, KafkaError> {
        let is_new = carried.acknowledged > carried.noted;
        let is_time = is_last || carried.noted_at.elapsed() >= NOTE_PERIOD;
        if !(is_new && is_time || self.lease.is_to_be_renewed()) {
            return Ok(true);
        }
        if !self.lease.advance(carried.acknowledged).await? {
            return Ok(false);
        }
        (carried.noted, carried.noted_at) = (carried.acknowledged, Instant::now());
        self.source.note("relay", carried.noted);
        let is_due = self.trimmed_at.is_none_or(|time| time.elapsed() >= TRIM_PERIOD);
        if is_due && carried.noted > 0 {
            self.trimmed_at = Some(Instant::now());
            self.source.trim(self.clock.now().before(self.config.keep)).await?;
        }
        Ok(true)
    }

    /// Waits a little for what is under way, and notes it.
    async fn end(&mut self, carried: &mut Carried) -> Result<Stopped, KafkaError> {
        let until = Instant::now() + self.config.drain;
        while let Some((_, told)) = carried.in_flight.front_mut() {
            let Ok(told) = tokio::time::timeout_at(until, told).await else { break };
            if carried.acknowledge_first(told).is_err() {
                break;
            }
            self.metrics.count(self.outbox.service(), "acknowledged", 1);
        }
        self.note(carried, true).await?;
        Ok(Stopped::End)
    }

    /// Shows, now and then, how much is waiting and since when.
    async fn measure(&mut self, carried: &Carried) -> Result<(), KafkaError> {
        if self.measured_at.is_some_and(|time| time.elapsed() < MEASURE_PERIOD) {
            return Ok(());
        }
        self.measured_at = Some(Instant::now());
        let lag = self.source.lag(carried.acknowledged).await?;
        let first = self.source.find_time_after(carried.acknowledged).await?;
        let age = first.map_or(Duration::ZERO, |time| self.clock.now().since(time));
        self.metrics.set_waiting(self.outbox.service(), lag, age);
        Ok(())
    }
}

async fn wait(stop: &CancellationToken, pause: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}
