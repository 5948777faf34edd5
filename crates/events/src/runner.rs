//! Carries events from one producer to one subscription.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use prosopa_model::Clock;
use prosopa_store::{Database, Error};
use prosopa_telemetry::{IntCounterVec, IntGaugeVec, Metrics, MetricsError};

use crate::{
    delivery::Delivery,
    source::Source,
    store::consumer,
    subscription::{HandlerError, Subscription},
};

/// Pause when a gap is waited for, which is a matter of transactions under way.
const GAP_PAUSE: Duration = Duration::from_millis(20);

/// Time between two rounds of deleting what nobody needs.
const TRIM_PERIOD: Duration = Duration::from_secs(600);

/// Rows of the inbox deleted in one transaction.
const TRIM_STEP: i64 = 500;

/// How events are carried.
#[derive(Debug, Clone, Copy)]
pub struct RunnerConfig {
    /// Longest time without a look at the outbox when nothing wakes the runner.
    pub poll: Duration,
    /// How often an event is tried before it is put aside.
    pub attempts_max: u32,
    /// Pause behind the first attempt; it doubles with each further one.
    pub pause: Duration,
    /// Longest pause of all.
    pub pause_max: Duration,
    /// How long events are kept for readers that come later, and lines in the inbox against late repetitions.
    pub keep: Duration,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(250),
            attempts_max: 8,
            pause: Duration::from_millis(50),
            pause_max: Duration::from_secs(30),
            keep: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

/// What is counted of all runners of a process.
#[derive(Clone)]
pub struct RunnerMetrics {
    events: IntCounterVec,
    lag: IntGaugeVec,
}

/// What is counted cannot be declared.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(#[from] MetricsError);

impl RunnerMetrics {
    /// Declares them, once in a process.
    pub fn declare(metrics: &Metrics) -> Result<Self, SetupError> {
        let labels = &["subscription", "outcome"];
        Ok(Self {
            events: metrics.counters(
                "prosopa_events_handled_total",
                "Events by subscription: applied, repeated, failed, dead",
                labels,
            )?,
            lag: metrics.gauges(
                "prosopa_events_lag",
                "Events that a subscription has not had yet",
                &["subscription"],
            )?,
        })
    }
}

/// Carries events from one producer to one subscription of a service.
pub struct Runner {
    subscription: Subscription,
    /// The subscription's name and the producer's: there is a cursor for each.
    name: String,
    source: Source,
    consumer: Database,
    clock: Arc<dyn Clock>,
    config: RunnerConfig,
    metrics: RunnerMetrics,
    trimmed_at: Option<Instant>,
}

/// How far a step came.
enum Step {
    Forward,
    Waiting,
    Idle,
}

/// Why a batch was taken back.
enum Failure {
    Store(Error),
    Handler(HandlerError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Runner {
    /// A runner to be run by [`Runner::run`].
    pub fn new(
        subscription: Subscription,
        producer: &str,
        source: Source,
        consumer: Database,
        clock: Arc<dyn Clock>,
        config: RunnerConfig,
        metrics: RunnerMetrics,
    ) -> Self {
        let name = format!("{}/{producer}", subscription.name);
        Self { subscription, name, source, consumer, clock, config, metrics, trimmed_at: None }
    }

    /// Carries events until `stop`; to be supervised.
    pub async fn run(&mut self, stop: CancellationToken) -> Result<(), Error> {
        consumer::insert_cursor(&self.consumer, &self.name).await?;
        let wake = Arc::clone(self.source.wake());
        while !stop.is_cancelled() {
            let rung = wake.notified();
            tokio::pin!(rung);
            // From here on no ring is missed; what was published before is read.
            rung.as_mut().enable();
            let pause = match self.step(&stop).await? {
                Step::Forward => continue,
                Step::Waiting => GAP_PAUSE,
                Step::Idle => {
                    self.trim().await?;
                    self.config.poll
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = rung => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        Ok(())
    }

    /// Carries what there is, until there is nothing more.
    pub async fn run_pending(&mut self) -> Result<(), Error> {
        consumer::insert_cursor(&self.consumer, &self.name).await?;
        let never = CancellationToken::new();
        loop {
            match self.step(&never).await? {
                Step::Forward => {}
                Step::Waiting => tokio::task::yield_now().await,
                Step::Idle => return Ok(()),
            }
        }
    }

    async fn step(&mut self, stop: &CancellationToken) -> Result<Step, Error> {
        let cursor = consumer::find_cursor(&self.consumer, &self.name).await?;
        let lag = self.metrics.lag.with_label_values(&[&self.name]);
        lag.set(self.source.lag(cursor).await?);
        self.source.note(&self.name, cursor);
        let events = self.source.read_after(cursor).await?;
        let Some(last) = events.last() else {
            return Ok(if self.source.has_gap() { Step::Waiting } else { Step::Idle });
        };
        match self.apply(cursor, last.position, &events).await {
            Ok(()) => {}
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::Handler(_)) => self.apply_singly(cursor, &events, stop).await?,
        }
        Ok(Step::Forward)
    }

    /// Applies events and moves the cursor, or does neither. Somebody else's work is left alone.
    async fn apply(&self, from: i64, to: i64, events: &[Delivery]) -> Result<(), Failure> {
        let mut tx = self.consumer.begin().await?;
        if !consumer::move_cursor(&mut tx, &self.name, from, to).await? {
            return Ok(());
        }
        let (mut applied, mut repeated) = (0, 0);
        for event in events.iter().filter(|event| self.subscription.topics.contains(&event.topic.as_str())) {
            if !consumer::receive(&mut tx, self.subscription.name, event.event_id, self.clock.now()).await? {
                repeated += 1;
                continue;
            }
            self.subscription.handler.handle(&mut tx, event).await.map_err(|error| match error {
                // The event is not to blame.
                HandlerError::Store(error) => Failure::Store(error),
                other => Failure::Handler(other),
            })?;
            applied += 1;
        }
        tx.commit().await?;
        self.count("applied", applied);
        self.count("repeated", repeated);
        Ok(())
    }

    /// Finds the event that a batch failed with: one at a time, each tried for a while and then put aside.
    async fn apply_singly(
        &self,
        mut cursor: i64,
        events: &[Delivery],
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        for event in events {
            let mut attempts = 0;
            loop {
                attempts += 1;
                let failure = match self.apply(cursor, event.position, std::slice::from_ref(event)).await {
                    Ok(()) => break,
                    Err(Failure::Store(error)) => return Err(error),
                    Err(Failure::Handler(failure)) => failure,
                };
                self.count("failed", 1);
                let is_hopeless = matches!(failure, HandlerError::Poison(_));
                if is_hopeless || attempts >= self.config.attempts_max {
                    self.put_aside(cursor, event, (&failure.to_string(), attempts)).await?;
                    break;
                }
                let pause =
                    self.config.pause.saturating_mul(1 << attempts.min(16)).min(self.config.pause_max);
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(pause) => {}
                }
            }
            cursor = event.position;
        }
        Ok(())
    }

    async fn put_aside(&self, cursor: i64, event: &Delivery, why: (&str, u32)) -> Result<(), Error> {
        let mut tx = self.consumer.begin().await?;
        if consumer::move_cursor(&mut tx, &self.name, cursor, event.position).await? {
            let name = self.subscription.name;
            consumer::insert_dead_letter(&mut tx, name, event, why, self.clock.now()).await?;
            tx.commit().await?;
            self.count("dead", 1);
            let (reason, event_id) = (why.0, event.event_id);
            tracing::error!(subscription = self.name, %event_id, kind = event.kind, reason, "event put aside");
        }
        Ok(())
    }

    /// Deletes, now and then, what this subscription has had long ago.
    async fn trim(&mut self) -> Result<(), Error> {
        if self.trimmed_at.is_some_and(|time| time.elapsed() < TRIM_PERIOD) {
            return Ok(());
        }
        self.trimmed_at = Some(Instant::now());
        let before = self.clock.now().before(self.config.keep);
        self.source.trim(before).await?;
        while consumer::delete_received_before(&self.consumer, before, TRIM_STEP).await? > 0 {}
        Ok(())
    }

    fn count(&self, outcome: &str, events: u64) {
        if events > 0 {
            self.metrics.events.with_label_values(&[&self.name, outcome]).inc_by(events);
        }
    }
}
