//! Runs jobs: claims what is due, hands it to handlers, keeps the leases, records the ends.

mod ending;
mod shift;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{
    context::JobContext,
    error::{Error, SetupError},
    jobs::Jobs,
    outcome::{Outcome, Stop},
    running::LEASE,
    store,
};

use self::shift::Shift;

/// Longest time between two looks at what is to be called off.
const LOOK_LONGEST: Duration = Duration::from_secs(1);

/// Looks between two extensions of the leases.
const LOOKS_PER_BEAT: u32 = 10;

/// Does the work of one kind of job.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Works on one job.
    ///
    /// It may be dropped at any await, and then runs again from the first step that is not done. It must check again
    /// what the job's account may do. A panic counts as [`Outcome::Retry`].
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop>;
}

/// Limits of a worker.
#[derive(Debug, Clone, Copy)]
pub struct WorkerConfig {
    /// Jobs at the same time, at least 1.
    pub concurrency: usize,
    /// How many of these are kept free for interactive jobs; less than `concurrency`.
    pub reserved_for_interactive: usize,
    /// Longest time without a look at the queue when nothing wakes the worker.
    pub poll: Duration,
    /// Time between two looks at what another process was asked to call off; every tenth extends the leases. At most
    /// one second, since a lease lasts 30.
    pub look: Duration,
    /// How long running jobs may go on when the worker is to stop.
    pub drain: Duration,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            concurrency: 16,
            reserved_for_interactive: 4,
            poll: Duration::from_secs(1),
            look: LOOK_LONGEST,
            drain: Duration::from_secs(10),
        }
    }
}

/// Runs the jobs of the kinds that it has handlers for. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    jobs: Jobs,
    config: WorkerConfig,
    handlers: Arc<HashMap<&'static str, Arc<dyn Handler>>>,
    /// The kinds' names, each between two commas.
    kinds: Arc<str>,
}

impl Worker {
    /// A worker with a handler for each of these kinds.
    pub fn new(
        jobs: Jobs,
        config: WorkerConfig,
        handlers: impl IntoIterator<Item = (&'static str, Arc<dyn Handler>)>,
    ) -> Result<Self, SetupError> {
        if config.concurrency <= config.reserved_for_interactive {
            return Err(SetupError::Wrong("concurrency"));
        }
        if config.look > LOOK_LONGEST {
            return Err(SetupError::Wrong("look"));
        }
        let mut by_kind = HashMap::new();
        let mut kinds = String::from(",");
        for (kind, handler) in handlers {
            if !jobs.inner.kinds.contains_key(kind) {
                return Err(SetupError::Wrong(kind));
            }
            if by_kind.insert(kind, handler).is_some() {
                return Err(SetupError::Twice(kind));
            }
            kinds.push_str(kind);
            kinds.push(',');
        }
        Ok(Self { jobs, config, handlers: Arc::new(by_kind), kinds: kinds.into() })
    }

    /// The jobs it works on.
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Works until `stop`; to be supervised. Then it claims nothing more, lets running jobs go on for
    /// [`WorkerConfig::drain`], and gives the rest back to the queue without using an attempt.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), Error> {
        let mut shift = Shift::new(self.clone(), stop);
        tokio::select! {
            outcome = shift.work() => outcome,
            never = self.keep_leases() => match never {},
        }
    }

    /// Runs whatever is due, until nothing is, and gives back how many runs that took; for programs that end then.
    pub async fn run_pending(&self) -> Result<usize, Error> {
        let mut shift = Shift::new(self.clone(), CancellationToken::new());
        tokio::select! {
            outcome = shift.work_off() => outcome,
            never = self.keep_leases() => match never {},
        }
    }

    /// Says that whatever runs in this process still does, and hears what is to be called off or was lost.
    ///
    /// [`Worker::run`] and [`Worker::run_pending`] do it by themselves.
    pub async fn extend_leases(&self) -> Result<(), Error> {
        let leases = self.jobs.inner.running.all();
        if leases.is_empty() {
            return Ok(());
        }
        let mut tx = self.jobs.inner.database.begin().await?;
        let until = self.jobs.now().after(LEASE);
        let held = store::leases::extend(&mut tx, &leases, until).await?;
        tx.commit().await?;
        for key in leases {
            match held.get(&key) {
                Some(true) => self.jobs.inner.running.cancel(key.0),
                Some(false) => {}
                None => self.jobs.inner.running.lose(key.0, key.1),
            }
        }
        Ok(())
    }

    async fn keep_leases(&self) -> std::convert::Infallible {
        let mut looks = 0_u32;
        loop {
            tokio::time::sleep(self.config.look).await;
            looks = looks.wrapping_add(1);
            let looked = if looks.is_multiple_of(LOOKS_PER_BEAT) {
                self.extend_leases().await
            } else {
                self.look_for_cancellations().await
            };
            if let Err(error) = looked {
                // Nobody takes the jobs while the database is away; a lease that still stands can be extended late.
                tracing::warn!(%error, "leases of jobs are not kept");
            }
        }
    }

    /// What another process was asked to call off.
    async fn look_for_cancellations(&self) -> Result<(), Error> {
        if self.jobs.inner.running.all().is_empty() {
            return Ok(());
        }
        for job_id in store::leases::list_cancel_requested(&self.jobs.inner.database).await? {
            self.jobs.inner.running.cancel(job_id);
        }
        Ok(())
    }
}
