//! What must be done now and then, by any process: recover lost jobs, enqueue recurring ones, forget old ones, count.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use prosopa_store::Error as StoreError;

use crate::{
    error::Error,
    job::{JobStatus, NewJob},
    jobs::Jobs,
    running::LEASE,
    schedule::Schedule,
    store,
};

/// Time between two rounds; every process has its own.
const ROUND: Duration = Duration::from_secs(2);

/// Jobs deleted in one transaction, and in one round.
const DELETE_STEP: i64 = 200;
const DELETE_ROUND: u64 = 2_000;

/// Said of a job whose worker went away.
const LOST: &str = "the worker stopped in the middle";

impl Jobs {
    /// Does a round now and then until `stop`; to be supervised.
    pub async fn maintain(&self, stop: CancellationToken) -> Result<(), Error> {
        loop {
            self.maintain_once().await?;
            // Not all processes at the same moment.
            let pause = ROUND.mul_f64(0.75 + rand::random::<f64>() / 2.0);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One round: lost jobs are queued again, due schedules enqueue, old jobs are deleted, gauges are set.
    pub async fn maintain_once(&self) -> Result<(), Error> {
        self.recover_lost().await?;
        for schedule in &self.inner.schedules {
            self.enqueue_due(schedule).await?;
        }
        self.delete_expired().await?;
        let now = self.now();
        let counts = store::control::count(&self.inner.database, now).await?;
        self.inner.metrics.observe(self.inner.kinds.values(), &counts, now);
        Ok(())
    }

    /// Queues again what a worker held that went away, or ends it if it was called off or begun too often.
    async fn recover_lost(&self) -> Result<(), Error> {
        let now = self.now();
        let mut tx = self.inner.database.begin().await?;
        let rows =
            store::leases::recover(&mut tx, now, now.after(2 * LEASE), LOST, &self.inner.forgetful).await?;
        let mut bells = Vec::new();
        for row in &rows {
            self.announce(&mut tx, row).await?;
            if row.status.is_finished() {
                bells.push(self.inner.waiting.bell(row.id));
            }
        }
        bells.iter().for_each(|bell| tx.wake_on_commit(bell));
        if !rows.is_empty() {
            tx.ring_on_commit(&self.inner.wake);
            tx.commit().await?;
        }
        for row in &rows {
            tracing::warn!(job_id = %row.id, kind = row.kind, attempts = row.attempts, "a job's worker went away");
            let outcome = match row.status {
                JobStatus::Failed => "failed",
                JobStatus::Cancelled => "cancelled",
                _ => "lost",
            };
            self.inner.metrics.count_end(&row.kind, outcome);
        }
        Ok(())
    }

    /// Enqueues a recurring job if it is due and nobody else did.
    async fn enqueue_due(&self, schedule: &Schedule) -> Result<(), Error> {
        let now = self.now();
        let Some(seen) = store::schedules::find(&self.inner.database, schedule.name).await? else {
            let mut tx = self.inner.database.begin().await?;
            store::schedules::insert(&mut tx, schedule.name, schedule.recurrence.next_due(None, now)).await?;
            return Ok(tx.commit().await?);
        };
        let is_due = seen.next_at <= now;
        let last_at = if is_due { Some(seen.next_at) } else { seen.last_at };
        let next_at = schedule.recurrence.next_due(last_at, now);
        if !is_due && next_at >= seen.next_at {
            return Ok(());
        }
        let mut tx = self.inner.database.begin().await?;
        if !store::schedules::advance(&mut tx, schedule.name, seen.next_at, next_at, last_at).await? {
            return Ok(());
        }
        if is_due {
            self.enqueue(&mut tx, NewJob::new(schedule.kind, Vec::new())).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Deletes jobs whose time is over, in small transactions and not all at once.
    async fn delete_expired(&self) -> Result<(), StoreError> {
        let mut deleted = 0;
        while deleted < DELETE_ROUND {
            let mut tx = self.inner.database.begin().await?;
            let step = store::control::delete_expired(&mut tx, self.now(), DELETE_STEP).await?;
            if step == 0 {
                break;
            }
            tx.commit().await?;
            deleted += step;
        }
        Ok(())
    }
}
