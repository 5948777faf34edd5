//! Work beside answering requests, supervised: what its end means is decided by its kind.

use std::{
    error::Error,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use prosopa_jobs::Worker;
use prosopa_telemetry::{IntCounterVec, Metrics};

use crate::Readiness;

/// Pause before the first restart; doubles up to [`RESTART_PAUSE_MAX`].
const RESTART_PAUSE: Duration = Duration::from_millis(100);
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(30);

/// After a run of this length the trouble before it is over: the pauses begin anew.
const RUN_SOUND: Duration = Duration::from_secs(60);

type Run =
    Box<dyn FnMut(CancellationToken) -> BoxFuture<'static, Result<(), Box<dyn Error + Send + Sync>>> + Send>;

/// What the end of a task before shutdown means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// The process ends: it could only pretend to work.
    Essential,
    /// It is started again after a growing pause.
    Restart,
}

/// A named piece of background work; it must end soon after its token is cancelled.
pub struct Task {
    name: &'static str,
    kind: TaskKind,
    run: Run,
    is_pausing: Arc<AtomicBool>,
}

/// An essential task ended before shutdown, so the process did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the essential task {task} ended: {reason}")]
pub struct TaskEnded {
    /// Name of the task.
    pub task: &'static str,
    /// What it ended with, for the operator.
    pub reason: String,
}

impl Task {
    /// Wraps work; `run` is called again for each restart.
    pub fn new<F, R>(name: &'static str, kind: TaskKind, mut run: F) -> Self
    where
        F: FnMut(CancellationToken) -> R + Send + 'static,
        R: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self { name, kind, run: Box::new(move |stop| Box::pin(run(stop))), is_pausing: Arc::default() }
    }

    /// Durable jobs: worked on and looked after until the end is asked for, then drained.
    pub(crate) fn of_worker(name: &'static str, worker: Worker) -> Self {
        Self::new(name, TaskKind::Restart, move |stop| {
            let worker = worker.clone();
            async move {
                let looked_after = stop.child_token();
                let maintained = worker.jobs().maintain(looked_after.clone());
                let worked = async {
                    let outcome = worker.run(stop).await;
                    looked_after.cancel();
                    outcome
                };
                tokio::try_join!(worked, maintained)?;
                Ok(())
            }
        })
    }

    /// Whether it runs now; none for essential tasks, without which there is no process to ask.
    pub(crate) fn readiness(&self) -> Option<Readiness> {
        let is_pausing = Arc::clone(&self.is_pausing);
        let check = move || {
            let is_pausing = is_pausing.load(Ordering::Relaxed);
            async move { if is_pausing { Err("it failed and waits for its restart".to_owned()) } else { Ok(()) } }
        };
        (self.kind == TaskKind::Restart).then(|| Readiness::new(self.name, check))
    }

    /// Runs until `stop`; cancels `end_process` if an essential task ends before.
    pub(crate) async fn supervise(
        mut self,
        stop: CancellationToken,
        end_process: CancellationToken,
        restarts: Restarts,
    ) -> Result<(), TaskEnded> {
        let mut pause = RESTART_PAUSE;
        loop {
            let started = Instant::now();
            let outcome = AssertUnwindSafe((self.run)(stop.clone())).catch_unwind().await;
            if stop.is_cancelled() {
                return Ok(());
            }
            let reason = match outcome {
                Ok(Ok(())) => "it ended by itself".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            if self.kind == TaskKind::Essential {
                tracing::error!(task = self.name, reason, "essential task ended");
                end_process.cancel();
                return Err(TaskEnded { task: self.name, reason });
            }
            if started.elapsed() > RUN_SOUND {
                pause = RESTART_PAUSE;
            }
            tracing::warn!(task = self.name, reason, "task restarts");
            self.is_pausing.store(true, Ordering::Relaxed);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(RESTART_PAUSE_MAX),
            }
            self.is_pausing.store(false, Ordering::Relaxed);
            restarts.count(self.name);
        }
    }
}

/// Counts restarts, by task.
#[derive(Clone)]
pub(crate) struct Restarts(Option<IntCounterVec>);

impl Restarts {
    /// Declares the counter. Where that fails, tasks run uncounted.
    pub(crate) fn declare(metrics: &Metrics) -> Self {
        let help = "Tasks that were started again";
        let counters = metrics.counters("prosopa_runtime_task_restarts_total", help, &["task"]);
        Self(counters.inspect_err(|error| tracing::error!(%error, "restarts are not counted")).ok())
    }

    fn count(&self, task: &str) {
        if let Some(counters) = &self.0 {
            counters.with_label_values(&[task]).inc();
        }
    }
}
