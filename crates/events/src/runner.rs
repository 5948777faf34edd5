//! Carries events from one producer to one subscription.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use prosopa_model::Clock;
use prosopa_store::{Database, Error};

use crate::{
    delivery::Delivery,
    metrics::RunnerMetrics,
    replay,
    source::Source,
    store::{consumer, letters},
    subscription::{HandlerError, Subscription},
};

/// Events read at once.
const BATCH: i64 = 100;

/// Pause when a gap is waited for, which is a matter of transactions under way.
const GAP_PAUSE: Duration = Duration::from_millis(20);

/// Time between two rounds of deleting what nobody needs.
pub(crate) const TRIM_PERIOD: Duration = Duration::from_secs(600);

/// Rows of the inbox deleted in one transaction.
pub(crate) const TRIM_STEP: i64 = 500;

/// How events are carried.
#[derive(Debug, Clone, Copy)]
pub struct RunnerConfig {
    /// Longest time without a look at the outbox when nothing wakes the runner, and about the time between two looks at
    /// what is to be replayed.
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

impl RunnerConfig {
    /// The pause behind an attempt, counted from 1.
    pub(crate) fn pause_behind(&self, attempts: u32) -> Duration {
        self.pause.saturating_mul(1 << attempts.min(16)).min(self.pause_max)
    }
}

/// Carries events from one producer to one subscription of a service.
pub struct Runner {
    subscription: Subscription,
    producer: String,
    /// Of the cursor, of which there is one for each subscription and producer.
    name: String,
    source: Source,
    consumer: Database,
    clock: Arc<dyn Clock>,
    config: RunnerConfig,
    metrics: RunnerMetrics,
    replayed_at: Option<Instant>,
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
        let name = subscription.cursor_of(producer);
        let producer = producer.to_owned();
        let (replayed_at, trimmed_at) = (None, None);
        Self {
            subscription,
            producer,
            name,
            source,
            consumer,
            clock,
            config,
            metrics,
            replayed_at,
            trimmed_at,
        }
    }

    /// Carries events until `stop`; to be supervised.
    pub async fn run(&mut self, stop: CancellationToken) -> Result<(), Error> {
        consumer::insert_cursor(&self.consumer, &self.name).await?;
        let wake = self.source.wake().clone();
        while !stop.is_cancelled() {
            let rung = wake.notified();
            tokio::pin!(rung);
            // From here on no ring is missed; what was published before is read.
            rung.as_mut().enable();
            let step = self.step(&stop).await?;
            if self.replayed_at.is_none_or(|time| time.elapsed() >= self.config.poll) {
                self.replay(&stop).await?;
            }
            let pause = match step {
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

    /// Carries what there is, until there is nothing more, neither said nor to be replayed.
    pub async fn run_pending(&mut self) -> Result<(), Error> {
        consumer::insert_cursor(&self.consumer, &self.name).await?;
        let never = CancellationToken::new();
        loop {
            match self.step(&never).await? {
                Step::Forward => {}
                Step::Waiting => tokio::task::yield_now().await,
                Step::Idle if self.replay(&never).await? > 0 => {}
                Step::Idle => return Ok(()),
            }
        }
    }

    async fn step(&mut self, stop: &CancellationToken) -> Result<Step, Error> {
        let cursor = consumer::find_cursor(&self.consumer, &self.name).await?;
        self.metrics.set_lag(&self.name, self.source.lag(cursor).await?);
        self.source.note(&self.name, cursor);
        let events = self.source.read_after(cursor, BATCH).await?;
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
        for event in events.iter().filter(|event| self.subscription.hears(event)) {
            let done = self.subscription.apply(&mut tx, event, self.clock.now()).await;
            let is_first = done.map_err(|error| match error {
                // The event is not to blame.
                HandlerError::Store(error) => Failure::Store(error),
                other => Failure::Handler(other),
            })?;
            *(if is_first { &mut applied } else { &mut repeated }) += 1;
        }
        tx.commit().await?;
        self.metrics.count(&self.name, "applied", applied);
        self.metrics.count(&self.name, "repeated", repeated);
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
                self.metrics.count(&self.name, "failed", 1);
                let is_hopeless = matches!(failure, HandlerError::Poison(_));
                if is_hopeless || attempts >= self.config.attempts_max {
                    self.put_aside(cursor, event, (&failure.to_string(), attempts)).await?;
                    break;
                }
                let pause = self.config.pause_behind(attempts);
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
            letters::insert(&mut tx, (name, &self.producer), event, why, self.clock.now()).await?;
            tx.commit().await?;
            self.metrics.count(&self.name, "dead", 1);
            let (reason, event_id) = (why.0, event.event_id);
            tracing::error!(subscription = self.name, %event_id, kind = event.kind, reason, "event put aside");
        }
        Ok(())
    }

    /// Tries again what was asked for, up to a bound; gives back how many requests there were.
    async fn replay(&mut self, stop: &CancellationToken) -> Result<usize, Error> {
        self.replayed_at = Some(Instant::now());
        let (what, counted) =
            ((&self.subscription, self.producer.as_str()), (&self.metrics, self.name.as_str()));
        replay::replay_requested(&self.consumer, what, self.clock.as_ref(), counted, stop).await
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
}
