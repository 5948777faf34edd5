//! The table `job_steps`.

use uuid::Uuid;

use prosopa_model::{JobId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, query_scalar, row};

/// Steps of one job that are read at most.
const STEPS_MAX: i64 = 200;

row! {
    /// A step of a job, without its output.
    #[derive(Debug, Clone)]
    pub struct StepRow {
        /// Its name, unique in the job.
        pub name: String,
        /// SHA-256 of what it works on.
        pub input_digest: Vec<u8>,
        /// Version of the code that ran it.
        pub code_version: u64,
        /// SHA-256 of what it gave back; none until it is finished.
        pub output_digest: Option<Vec<u8>>,
        /// When it was begun last.
        pub started_at: Timestamp,
        /// When it was finished.
        pub finished_at: Option<Timestamp>,
        /// What it cost, microseconds of the device that did it.
        pub cost_us: u64,
        /// How often it was begun with this input and code.
        pub attempts: u64,
    }
}

row! {
    /// What decides whether a step must run.
    pub(crate) struct DoneRow {
        pub(crate) name: String,
        pub(crate) input_digest: Vec<u8>,
        pub(crate) code_version: u64,
        pub(crate) output: Vec<u8>,
    }
}

/// A step as it is begun or finished.
pub(crate) struct Step<'a> {
    pub(crate) job_id: JobId,
    pub(crate) name: &'a str,
    pub(crate) input_digest: &'a [u8],
    pub(crate) code_version: u32,
}

/// The steps of a job, in the order in which they were begun.
pub(crate) async fn list(database: &Database, job_id: JobId) -> Result<Vec<StepRow>, Error> {
    let sql =
        "SELECT name, input_digest, code_version, output_digest, started_at, finished_at, cost_us, attempts
         FROM job_steps WHERE job_id = $1 ORDER BY started_at, name LIMIT $2";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(job_id.uuid()).bind(STEPS_MAX).fetch_all(c).await)
}

/// The finished steps of a job with their outputs.
pub(crate) async fn list_done(database: &Database, job_id: JobId) -> Result<Vec<DoneRow>, Error> {
    let sql = "SELECT name, input_digest, code_version, output
         FROM job_steps WHERE job_id = $1 AND finished_at IS NOT NULL LIMIT $2";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(job_id.uuid()).bind(STEPS_MAX).fetch_all(c).await)
}

/// Takes note that a step begins; gives back how often it has begun with this input and code.
pub(crate) async fn begin(tx: &mut Tx, step: &Step<'_>, now: Timestamp) -> Result<i64, Error> {
    let sql = "INSERT INTO job_steps (job_id, name, input_digest, code_version, started_at, cost_us, attempts)
         VALUES ($1, $2, $3, $4, $5, 0, 1)
         ON CONFLICT (job_id, name) DO UPDATE SET
           attempts = CASE WHEN job_steps.input_digest = excluded.input_digest
             AND job_steps.code_version = excluded.code_version THEN job_steps.attempts + 1 ELSE 1 END,
           input_digest = excluded.input_digest, code_version = excluded.code_version,
           output_digest = NULL, output = NULL, started_at = excluded.started_at, finished_at = NULL, cost_us = 0
         RETURNING attempts";
    on_db!(tx, c => query_scalar(sql)
        .bind(step.job_id.uuid())
        .bind(step.name)
        .bind(step.input_digest)
        .bind(i64::from(step.code_version))
        .bind(now.micros())
        .fetch_one(c)
        .await)
}

/// Keeps what a step gave back, if the lease still holds.
pub(crate) async fn finish(
    tx: &mut Tx,
    step: &Step<'_>,
    token: Uuid,
    (output, output_digest, cost_us): (&[u8], &[u8], u64),
    now: Timestamp,
) -> Result<bool, Error> {
    // The job's row is locked until the commit: nobody takes the job over in between.
    let fence =
        "UPDATE jobs SET changed_at = $3 WHERE id = $1 AND lease_token = $2 AND status = 'processing'";
    let held = on_db!(tx, c => {
        query(fence).bind(step.job_id.uuid()).bind(token).bind(now.micros()).execute(c).await.map(affected)
    })?;
    if held == 0 {
        return Ok(false);
    }
    let sql = "UPDATE job_steps SET output = $3, output_digest = $4, finished_at = $5, cost_us = $6
         WHERE job_id = $1 AND name = $2";
    on_db!(tx, c => {
        query(sql)
            .bind(step.job_id.uuid())
            .bind(step.name)
            .bind(output)
            .bind(output_digest)
            .bind(now.micros())
            .bind(i64::try_from(cost_us).unwrap_or(i64::MAX))
            .execute(c)
            .await
            .map(affected)
    })?;
    Ok(true)
}
