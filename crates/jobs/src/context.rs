//! What a handler gets: its job, steps that are not repeated, progress, and the one transaction that ends it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::{Notify, OnceCell};

use prosopa_model::JobId;
use prosopa_store::Tx;

use crate::{
    job::{JobRow, JobStatus, OUTPUT_BYTES_MAX},
    jobs::Jobs,
    outcome::{Outcome, STEP_OUTPUT_BYTES_MAX, StepOutput, Stop},
    running::Lease,
    store::{
        self,
        queue::Ending,
        steps::{DoneRow, Step},
    },
};

/// A job in the hands of its handler.
pub struct JobContext {
    jobs: Jobs,
    job: JobRow,
    input: Vec<u8>,
    pub(crate) lease: Lease,
    /// Rung when the job has ended.
    bell: Arc<Notify>,
    done_before: OnceCell<HashMap<String, DoneRow>>,
    /// The tenth of the progress that was announced last.
    tenth: AtomicU64,
}

impl JobContext {
    pub(crate) fn new(jobs: Jobs, job: JobRow, input: Vec<u8>, lease: Lease) -> Self {
        let bell = jobs.inner.waiting.bell(job.id);
        let tenth = AtomicU64::new(tenth_of(job.progress_done, job.progress_total));
        Self { jobs, job, input, lease, bell, done_before: OnceCell::new(), tenth }
    }

    /// What the worker goes on with.
    pub(crate) fn into_parts(self) -> (JobRow, Lease, Arc<Notify>) {
        (self.job, self.lease, self.bell)
    }

    /// The job as it was when it was claimed.
    pub const fn job(&self) -> &JobRow {
        &self.job
    }

    /// The job's id.
    pub const fn id(&self) -> JobId {
        self.job.id
    }

    /// What it was enqueued with.
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// Whether the job is to be called off. It may still come to its end.
    pub fn is_cancelled(&self) -> bool {
        self.lease.cancelled.is_cancelled()
    }

    /// Waits until the job is to be called off.
    pub async fn cancelled(&self) {
        self.lease.cancelled.cancelled().await;
    }

    /// Runs a part of the work, unless it is done already with this input and this code: then its kept output is given
    /// back.
    ///
    /// `input_digest` is the SHA-256 of everything that decides the output, the digests of earlier outputs among it. The
    /// part itself may run again after a crash; its output is recorded once. Stops before the part if the job is to be
    /// called off.
    pub async fn step<F, R>(
        &self,
        name: &str,
        input_digest: [u8; 32],
        code_version: u32,
        work: F,
    ) -> Result<Vec<u8>, Stop>
    where
        F: FnOnce() -> R,
        R: Future<Output = Result<StepOutput, Stop>>,
    {
        let done = self.done_before.get_or_try_init(|| self.read_done()).await?.get(name);
        let is_same =
            |row: &&DoneRow| row.input_digest == input_digest && row.code_version == u64::from(code_version);
        if let Some(done) = done.filter(is_same) {
            return Ok(done.output.clone());
        }
        let step = Step { job_id: self.job.id, name, input_digest: &input_digest, code_version };
        self.begin_step(&step).await?;
        let output = work().await?;
        if output.bytes.len() > STEP_OUTPUT_BYTES_MAX {
            return Err(Stop::TooLarge { bytes_max: STEP_OUTPUT_BYTES_MAX });
        }
        let output_digest = digest(&SHA256, &output.bytes);
        let result = (output.bytes.as_slice(), output_digest.as_ref(), output.cost_us);
        let mut tx = self.jobs.inner.database.begin().await?;
        if !store::steps::finish(&mut tx, &step, self.lease.token, result, self.jobs.now()).await? {
            return Err(Stop::LeaseLost);
        }
        tx.commit().await?;
        Ok(output.bytes)
    }

    /// Says how far the work is, in units of the handler's choice. Only each new tenth is written.
    pub async fn progress(&self, done: u64, total: u64) -> Result<(), Stop> {
        let tenth = tenth_of(done, total);
        if self.tenth.swap(tenth, Ordering::Relaxed) == tenth {
            return Ok(());
        }
        let mut tx = self.jobs.inner.database.begin().await?;
        let key = (self.job.id, self.lease.token);
        let row = store::leases::set_progress(&mut tx, key, (done, total), self.jobs.now()).await?;
        self.jobs.announce(&mut tx, &row.ok_or(Stop::LeaseLost)?).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the job in the transaction of the work's effect: both are committed, or neither.
    ///
    /// After the commit the handler gives back the outcome that this gives. With [`Stop::LeaseLost`] the transaction must
    /// not be committed: whoever has the job now will do the work.
    pub async fn complete_in(&self, tx: &mut Tx, output: Option<Vec<u8>>) -> Result<Outcome, Stop> {
        if output.as_ref().is_some_and(|output| output.len() > OUTPUT_BYTES_MAX) {
            return Err(Stop::TooLarge { bytes_max: OUTPUT_BYTES_MAX });
        }
        let ending = Ending { output, ..Ending::new(self.job.id, self.lease.token, JobStatus::Completed) };
        let rows = store::queue::finish(tx, &[ending], &self.jobs.inner.forgetful, self.jobs.now()).await?;
        self.jobs.announce(tx, rows.first().ok_or(Stop::LeaseLost)?).await?;
        tx.wake_on_commit(&self.bell);
        Ok(Outcome::Recorded)
    }

    async fn read_done(&self) -> Result<HashMap<String, DoneRow>, Stop> {
        let rows = store::steps::list_done(&self.jobs.inner.database, self.job.id).await?;
        Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
    }

    async fn begin_step(&self, step: &Step<'_>) -> Result<(), Stop> {
        let mut tx = self.jobs.inner.database.begin().await?;
        let key = (self.job.id, self.lease.token);
        let row = store::leases::set_phase(&mut tx, key, step.name, self.jobs.now()).await?;
        let row = row.ok_or(Stop::LeaseLost)?;
        if row.cancel_requested {
            return Err(Stop::With(Outcome::Cancelled));
        }
        let attempts = store::steps::begin(&mut tx, step, self.jobs.now()).await?;
        self.jobs.announce(&mut tx, &row).await?;
        tx.commit().await?;
        if attempts > 1 {
            self.jobs.inner.metrics.count_step_repeat(&self.job.kind);
        }
        Ok(())
    }
}

/// 0 to 10; 10 only for all of it.
fn tenth_of(done: u64, total: u64) -> u64 {
    if total == 0 { 0 } else { (u128::from(done.min(total)) * 10 / u128::from(total)) as u64 }
}
