//! The engine inside a host: opened off the runtime's threads, counted, drained at the end.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use tokio_util::sync::CancellationToken;

use prosopa_contract::engine::Engine;
use prosopa_http::Operation;
use prosopa_runtime::{BuildError, Parts, Platform, Schemas, Service, Task, TaskKind};
use prosopa_telemetry::{IntCounterVec, IntGaugeVec, Metrics, MetricsError};

use crate::{Config, EngineService, Stats};

/// How often the scheduler's counters are carried over to the metrics.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

impl Service for EngineService {
    const NAME: &'static str = "engine";
    const DESCRIPTION: &'static str = "Inference: pictures in, faces out";

    type Config = Config;
    type Offer = Arc<dyn Engine>;

    fn operations() -> Vec<Operation> {
        Vec::new()
    }

    fn schemas() -> Schemas {
        &[]
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<Arc<dyn Engine>>, BuildError> {
        let engine = tokio::task::spawn_blocking(move || Self::open(&config)).await??;
        let counted = Counted::declare(&platform.metrics)?;
        let task = {
            let engine = Arc::clone(&engine);
            Task::new("engine", TaskKind::Restart, move |stop| {
                let (engine, counted) = (Arc::clone(&engine), counted.clone());
                async move {
                    counted.follow(|| engine.stats(), engine.shut_down(), stop).await;
                    Ok(())
                }
            })
        };
        Ok(Parts {
            offer: engine,
            http: Router::new(),
            tasks: vec![task],
            outbox: None,
            listens: Vec::new(),
            jobs: Vec::new(),
            readiness: Vec::new(),
        })
    }
}

/// The scheduler's counters as metrics.
#[derive(Clone)]
struct Counted {
    pictures: IntGaugeVec,
    outcomes: IntCounterVec,
    busy: IntCounterVec,
    /// What was counted last, whichever life of the task did it.
    before: Arc<Mutex<Stats>>,
}

impl Counted {
    fn declare(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            pictures: metrics.gauges(
                "prosopa_engine_pictures",
                "Pictures in the engine, by state",
                &["state"],
            )?,
            outcomes: metrics.counters(
                "prosopa_engine_pictures_total",
                "Pictures that left the engine, by outcome",
                &["outcome"],
            )?,
            busy: metrics.counters(
                "prosopa_engine_busy_microseconds_total",
                "Time that workers spent on pictures",
                &[],
            )?,
            before: Arc::default(),
        })
    }

    /// Counts every second until `stop`, then drains and counts what was finished meanwhile.
    async fn follow(
        &self,
        stats: impl Fn() -> Stats,
        drain: impl Future<Output = ()>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            self.count(stats());
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(COUNT_INTERVAL) => {}
            }
        }
        drain.await;
        self.count(stats());
    }

    /// Carries over what came since the last time.
    fn count(&self, now: Stats) {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        self.pictures.with_label_values(&["queued"]).set(i64::try_from(now.queued).unwrap_or(i64::MAX));
        self.pictures.with_label_values(&["running"]).set(i64::try_from(now.running).unwrap_or(i64::MAX));
        let outcomes =
            [("completed", now.completed - before.completed), ("refused", now.refused - before.refused)];
        for (outcome, more) in outcomes {
            self.outcomes.with_label_values(&[outcome]).inc_by(more);
        }
        self.busy.with_label_values::<&str>(&[]).inc_by(now.busy_us - before.busy_us);
        *before = now;
    }
}

#[cfg(test)]
mod tests;
