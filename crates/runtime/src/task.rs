//! Work beside answering requests, supervised: what its end means is decided by its kind.

use std::{error::Error, panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

/// Pause before the first restart; doubles up to [`RESTART_PAUSE_MAX`].
const RESTART_PAUSE: Duration = Duration::from_millis(100);
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(30);

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
}

impl Task {
    /// Wraps work; `run` is called again for each restart.
    pub fn new<F, R>(name: &'static str, kind: TaskKind, mut run: F) -> Self
    where
        F: FnMut(CancellationToken) -> R + Send + 'static,
        R: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self { name, kind, run: Box::new(move |stop| Box::pin(run(stop))) }
    }

    /// Runs until `stop`; cancels `end_process` if an essential task ends before.
    pub(crate) async fn supervise(mut self, stop: CancellationToken, end_process: CancellationToken) {
        let mut pause = RESTART_PAUSE;
        loop {
            let outcome = AssertUnwindSafe((self.run)(stop.clone())).catch_unwind().await;
            if stop.is_cancelled() {
                return;
            }
            let reason = match outcome {
                Ok(Ok(())) => "it ended by itself".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            match self.kind {
                TaskKind::Essential => {
                    tracing::error!(task = self.name, reason, "essential task ended");
                    end_process.cancel();
                    return;
                }
                TaskKind::Restart => {
                    tracing::warn!(task = self.name, reason, "task restarts");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(RESTART_PAUSE_MAX),
                    }
                }
            }
        }
    }
}
