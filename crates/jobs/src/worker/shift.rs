//! One worker's loop: record what ended, claim what is due, wait.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use prosopa_model::Timestamp;

use super::{
    Handler, Worker,
    ending::{Ended, Meaning, given_back},
};
use crate::{
    context::JobContext,
    error::Error,
    job::{JobClass, JobRow, JobStatus},
    kind::Backoff,
    outcome::{Outcome, Stop},
    running::LEASE,
    store::{
        self,
        queue::{Claim, Ending},
    },
};

/// Pause after the database failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Ends that are recorded in one transaction.
const SETTLE_MAX: usize = 64;

/// After so many failures to record an end alone, it is left to the lease's end.
const SETTLE_FAILURES_MAX: u32 = 5;

/// What one run of a worker holds. Dropping it breaks its jobs off; their leases run out.
pub(super) struct Shift {
    worker: Worker,
    id: Uuid,
    stop: CancellationToken,
    tasks: JoinSet<Ended>,
    ended: Vec<Ended>,
}

impl Shift {
    pub(super) fn new(worker: Worker, stop: CancellationToken) -> Self {
        Self { worker, id: Uuid::now_v7(), stop, tasks: JoinSet::new(), ended: Vec::new() }
    }

    /// Works until it is to stop, then drains.
    pub(super) async fn work(&mut self) -> Result<(), Error> {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            let pause = match self.round().await {
                Ok(_) => self.worker.config.poll,
                Err(error) => {
                    tracing::warn!(%error, "jobs are not claimed or recorded");
                    PAUSE
                }
            };
            let wake = self.worker.jobs.inner.wake.clone();
            let has_room = self.room() > 0;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(joined) = self.tasks.join_next() => self.gather(joined).await,
                () = wake.notified(), if has_room => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.drain().await
    }

    /// Works until nothing is due; gives back how many runs began.
    pub(super) async fn work_off(&mut self) -> Result<usize, Error> {
        let mut runs = 0;
        loop {
            runs += match self.round().await? {
                0 if self.tasks.is_empty() && self.ended.is_empty() => return Ok(runs),
                claimed => claimed,
            };
            if let Some(joined) = self.tasks.join_next().await {
                self.gather(joined).await;
            }
        }
    }

    /// Records what ended and begins what is due; gives back how many runs began.
    async fn round(&mut self) -> Result<usize, Error> {
        self.settle().await?;
        let room = self.room();
        if room == 0 {
            return Ok(0);
        }
        let unreserved = room.saturating_sub(self.worker.config.reserved_for_interactive);
        let mut begun = 0;
        if unreserved > 0 {
            begun = self.claim(JobClass::Backfill, unreserved).await?;
        }
        // Only where there was more than was asked for can something be left.
        if begun == unreserved && room > unreserved {
            begun += self.claim(JobClass::Interactive, room - unreserved).await?;
        }
        Ok(begun)
    }

    fn room(&self) -> usize {
        self.worker.config.concurrency.saturating_sub(self.tasks.len() + self.ended.len())
    }

    async fn claim(&mut self, class_max: JobClass, limit: usize) -> Result<usize, Error> {
        let (jobs, kinds) = (self.worker.jobs.clone(), Arc::clone(&self.worker.kinds));
        let token = Uuid::new_v4();
        let longest = jobs.inner.kinds.values().map(|kind| kind.backoff.longest).max().unwrap_or_default();
        let now = jobs.now();
        let claim = Claim {
            kinds: &kinds,
            class_max: class_max.number(),
            limit,
            token,
            now,
            lease_until: now.after(LEASE),
            retry_at_max: now.after(longest + LEASE),
        };
        let mut tx = jobs.inner.database.begin().await?;
        let claimed = store::queue::claim(&mut tx, &claim).await?;
        if claimed.is_empty() || self.stop.is_cancelled() {
            return Ok(0);
        }
        for (row, _) in &claimed {
            jobs.announce(&mut tx, row).await?;
        }
        tx.commit().await?;
        let begun = claimed.len();
        for (row, input) in claimed {
            let lease = jobs.inner.running.hold(row.id, token, self.id);
            self.begin(JobContext::new(jobs.clone(), row, input, lease));
        }
        Ok(begun)
    }

    fn begin(&mut self, ctx: JobContext) {
        let Some(handler) = self.worker.handlers.get(ctx.job().kind.as_str()).map(Arc::clone) else { return };
        let job = ctx.job();
        let span = tracing::info_span!("job", job_id = %job.id, kind = job.kind, attempts = job.attempts);
        self.tasks.spawn(run(handler, ctx).instrument(span));
    }

    /// Takes an end, and what else has ended by now, to be recorded together.
    async fn gather(&mut self, joined: Result<Ended, tokio::task::JoinError>) {
        // Panics are caught within; a task that was aborted left its lease to run out.
        self.ended.extend(joined.ok());
        tokio::task::yield_now().await;
        while let Some(joined) = self.tasks.try_join_next() {
            self.ended.extend(joined.ok());
        }
    }

    /// Records what ended, together; where that fails, one by one.
    async fn settle(&mut self) -> Result<(), Error> {
        let mut outcome = Ok(());
        while !self.ended.is_empty() && outcome.is_ok() {
            let batch: Vec<Ended> = self.ended.drain(..self.ended.len().min(SETTLE_MAX)).collect();
            if self.record(&batch).await.is_ok() {
                continue;
            }
            for mut ended in batch {
                let Err(error) = self.record(std::slice::from_ref(&ended)).await else { continue };
                ended.failures += 1;
                if ended.failures < SETTLE_FAILURES_MAX {
                    self.ended.push(ended);
                } else {
                    tracing::error!(%error, job_id = %ended.job.id, "the end of a job cannot be recorded");
                }
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Writes what there is to write, in one transaction, and then counts.
    async fn record(&self, batch: &[Ended]) -> Result<(), Error> {
        let jobs = &self.worker.jobs;
        let now = jobs.now();
        let meaning = |ended: &Ended| ended.meaning(self.backoff(&ended.job), now, rand::random());
        let meanings: Vec<Meaning> = batch.iter().map(meaning).collect();
        let to_record = meanings.iter().filter_map(|meaning| match meaning {
            Meaning::Record(ending) => Some(ending.clone()),
            Meaning::Recorded | Meaning::Lost => None,
        });
        let mut endings: Vec<Ending> = to_record.collect();
        // Alike in all transactions over several jobs, so that they seldom lock each other in a circle.
        endings.sort_unstable_by_key(|ending| ending.id);
        let rows = if endings.is_empty() {
            Vec::new()
        } else {
            let bells = batch.iter().map(|ended| &ended.bell);
            self.finish(&endings, now, bells).await?
        };
        for (ended, meaning) in batch.iter().zip(meanings) {
            let row = rows.iter().find(|row| row.id == ended.job.id);
            let outcome = match meaning {
                Meaning::Recorded => "completed",
                Meaning::Lost => "lost",
                Meaning::Record(_) => row.map_or("lost", outcome_of),
            };
            jobs.inner.metrics.count_end(&ended.job.kind, outcome);
        }
        Ok(())
    }

    /// Writes ends, tells the service, and rings once it is done.
    async fn finish<'b>(
        &self,
        endings: &[Ending],
        now: Timestamp,
        bells: impl Iterator<Item = &'b Arc<Notify>>,
    ) -> Result<Vec<JobRow>, Error> {
        let jobs = &self.worker.jobs;
        let mut tx = jobs.inner.database.begin().await?;
        let rows = store::queue::finish(&mut tx, endings, &jobs.inner.forgetful, now).await?;
        for row in &rows {
            jobs.announce(&mut tx, row).await?;
        }
        bells.for_each(|bell| tx.wake_on_commit(bell));
        if endings.iter().any(|ending| ending.attempts_back > 0) {
            // Others may take it at once.
            tx.ring_on_commit(&jobs.inner.wake);
        }
        tx.commit().await?;
        Ok(rows)
    }

    fn backoff(&self, job: &JobRow) -> Backoff {
        let kind = self.worker.jobs.inner.kinds.get(job.kind.as_str());
        kind.map_or(Backoff { base: PAUSE, longest: PAUSE }, |kind| kind.backoff)
    }

    /// Lets running jobs go on until the deadline, then gives them back.
    async fn drain(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + self.worker.config.drain;
        while !self.tasks.is_empty() {
            tokio::select! {
                Some(joined) = self.tasks.join_next() => self.gather(joined).await,
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        self.settle().await?;
        let left = self.worker.jobs.inner.running.of_worker(self.id);
        self.tasks.shutdown().await;
        if left.is_empty() {
            return Ok(());
        }
        let jobs = &self.worker.jobs;
        let endings: Vec<Ending> = left.into_iter().map(|(id, token)| given_back(id, token)).collect();
        let rows = self.finish(&endings, jobs.now(), std::iter::empty()).await?;
        for row in &rows {
            jobs.inner.metrics.count_end(&row.kind, "returned");
        }
        Ok(())
    }
}

/// Runs the handler to its end, its panic, or the loss of the lease.
async fn run(handler: Arc<dyn Handler>, ctx: JobContext) -> Ended {
    let lost = ctx.lease.lost.clone();
    let result = tokio::select! {
        result = AssertUnwindSafe(handler.run(&ctx)).catch_unwind() => result.unwrap_or_else(|_| {
            tracing::error!("a job's handler panicked");
            Ok(Outcome::Retry { code: prosopa_problem::Code::Internal, remark: "the work broke off".into(), after: None })
        }),
        () = lost.cancelled() => Err(Stop::LeaseLost),
    };
    if let Err(Stop::Store(error)) = &result {
        tracing::warn!(%error, "a job's handler met a failure of the database");
    }
    let (job, lease, bell) = ctx.into_parts();
    Ended { job, lease, bell, result, failures: 0 }
}

fn outcome_of(row: &JobRow) -> &'static str {
    match row.status {
        JobStatus::Queued => "retried",
        status => status.as_str(),
    }
}
