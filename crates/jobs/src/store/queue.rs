//! Into the queue, out of it under a lease, and to the end of a run.

use std::sync::LazyLock;

use uuid::Uuid;

use prosopa_model::{JobId, Timestamp};
use prosopa_store::{Database, Error, Tx, on_db, query_as, query_scalar, row, skip_locked};

use super::{FORGOTTEN, chunk_len, columns, placeholders};
use crate::job::{JobRow, JobStatus, NewJob};

/// What a job's kind adds to it.
pub(crate) struct Terms {
    pub(crate) class: crate::job::JobClass,
    pub(crate) attempts_max: u32,
    pub(crate) keep_us: i64,
}

/// Enqueues a job.
pub(crate) async fn insert(
    tx: &mut Tx,
    new: &NewJob,
    terms: &Terms,
    now: Timestamp,
) -> Result<JobRow, Error> {
    let sql = concat!(
        "INSERT INTO jobs (id, account_id, kind, class, status, phase, input, attempts, attempts_max, run_at, rank,
           cancel_requested, progress_done, progress_total, created_at, changed_at, keep_us)
         VALUES ($1, $2, $3, $4, 'queued', 'queued', $5, 0, $6, $7, $8, FALSE, 0, 0, $9, $9, $10)
         RETURNING ",
        columns!()
    );
    let due = new.run_at.map_or(now, |time| time.max(now));
    on_db!(tx, c => query_as(sql)
        .bind(new.id.uuid())
        .bind(new.account_id.map(prosopa_model::Id::uuid))
        .bind(new.kind)
        .bind(terms.class.number())
        .bind(&new.input)
        .bind(i64::from(terms.attempts_max))
        .bind(new.run_at.map_or(0, Timestamp::micros))
        .bind(due.after(terms.class.penalty()).micros())
        .bind(now.micros())
        .bind(terms.keep_us)
        .fetch_one(c)
        .await)
}

/// Which jobs are to be claimed, and how.
pub(crate) struct Claim<'a> {
    /// Names of the kinds, each between two commas.
    pub(crate) kinds: &'a str,
    /// The least urgent class.
    pub(crate) class_max: i64,
    pub(crate) limit: usize,
    pub(crate) token: Uuid,
    pub(crate) now: Timestamp,
    pub(crate) lease_until: Timestamp,
    /// A retry that waits for a later time than this waits for a clock that was wrong.
    pub(crate) retry_at_max: Timestamp,
}

row! {
    struct InputRow {
        id: JobId,
        input: Vec<u8>,
    }
}

/// How many jobs are in the queue before this one; none if it is not there.
pub(crate) async fn count_ahead(database: &Database, id: JobId) -> Result<Option<u64>, Error> {
    let sql = "SELECT (SELECT count(*) FROM jobs ahead
           WHERE ahead.status = 'queued' AND (ahead.rank, ahead.id) < (job.rank, job.id))
         FROM jobs job WHERE job.id = $1 AND job.status = 'queued'";
    let mut connection = database.read().await?;
    let count: Option<i64> =
        on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_optional(c).await)?;
    Ok(count.map(|count| u64::try_from(count).unwrap_or(0)))
}

/// Claims what is due, with its input; the first in turn comes first.
pub(crate) async fn claim(tx: &mut Tx, claim: &Claim<'_>) -> Result<Vec<(JobRow, Vec<u8>)>, Error> {
    let sql = skip_locked!(
        tx.backend(),
        "WITH due AS MATERIALIZED (
           SELECT id FROM jobs
           WHERE status = 'queued' AND class <= $1 AND $2 LIKE '%,' || kind || ',%'
             AND (run_at <= $3 OR (phase = 'waiting_retry' AND run_at > $4))
           ORDER BY rank, id LIMIT $5",
        concat!(
            ")
             UPDATE jobs SET status = 'processing', phase = 'running', attempts = attempts + 1,
               lease_token = $6, lease_until = $7, started_at = COALESCE(started_at, $3), changed_at = $3
             WHERE id IN (SELECT id FROM due) AND status = 'queued'
             RETURNING ",
            columns!()
        )
    );
    let rows: Vec<JobRow> = on_db!(tx, c => query_as(sql)
        .bind(claim.class_max)
        .bind(claim.kinds)
        .bind(claim.now.micros())
        .bind(claim.retry_at_max.micros())
        .bind(i64::try_from(claim.limit).unwrap_or(i64::MAX))
        .bind(claim.token)
        .bind(claim.lease_until.micros())
        .fetch_all(c)
        .await)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // RETURNING keeps no order.
    let sql = "SELECT id, input FROM jobs WHERE status = 'processing' AND lease_token = $1 ORDER BY rank, id";
    let inputs: Vec<InputRow> = on_db!(tx, c => query_as(sql).bind(claim.token).fetch_all(c).await)?;
    let mut by_id: std::collections::HashMap<JobId, JobRow> =
        rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(inputs.into_iter().filter_map(|input| Some((by_id.remove(&input.id)?, input.input))).collect())
}

/// How a run ended.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) id: JobId,
    pub(crate) token: Uuid,
    /// A job that is to be queued again, but was to be called off, is called off.
    pub(crate) status: JobStatus,
    pub(crate) phase: &'static str,
    pub(crate) output: Option<Vec<u8>>,
    pub(crate) remark: Option<String>,
    pub(crate) problem_code: Option<String>,
    pub(crate) run_at: Option<Timestamp>,
    /// Its new place in the queue; none keeps the old one.
    pub(crate) rank: Option<Timestamp>,
    /// Attempts that are not to count.
    pub(crate) attempts_back: i64,
}

impl Ending {
    /// A run that ended with this status and nothing to say.
    pub(crate) const fn new(id: JobId, token: Uuid, status: JobStatus) -> Self {
        Self {
            id,
            token,
            status,
            phase: status.as_str(),
            output: None,
            remark: None,
            problem_code: None,
            run_at: None,
            rank: None,
            attempts_back: 0,
        }
    }
}

/// The statement for 1, 2, 4 … 32 endings.
static FINISH: LazyLock<[String; 6]> = LazyLock::new(|| [1, 2, 4, 8, 16, 32].map(finish_text));

fn finish_text(rows: usize) -> String {
    let stays_queued = "v.column3 = 'queued' AND NOT cancel_requested";
    let is_called_off = "v.column3 = 'queued' AND cancel_requested";
    format!(
        "UPDATE jobs SET
           status = CASE WHEN {is_called_off} THEN 'cancelled' ELSE v.column3 END,
           phase = CASE WHEN {is_called_off} THEN 'cancelled' ELSE v.column4 END,
           input = CASE WHEN $2 LIKE '%,' || kind || ',%' AND NOT ({stays_queued}) THEN $3 ELSE input END,
           output = v.column5, remark = v.column6, problem_code = v.column7, run_at = v.column8,
           rank = COALESCE(v.column9, rank), attempts = attempts - v.column10,
           lease_token = NULL, lease_until = NULL, changed_at = $1,
           finished_at = CASE WHEN {stays_queued} THEN NULL ELSE $1 END,
           expires_at = CASE WHEN {stays_queued} THEN NULL ELSE $1 + keep_us END
         FROM (VALUES {}) AS v
         WHERE jobs.id = v.column1 AND jobs.lease_token = v.column2 AND jobs.status = 'processing'
         RETURNING {}",
        placeholders(rows, 10, 4),
        columns!()
    )
}

/// Records how runs ended; gives back those whose lease still held. A `forgetful` kind's job that ended loses its input.
pub(crate) async fn finish(
    tx: &mut Tx,
    endings: &[Ending],
    forgetful: &str,
    now: Timestamp,
) -> Result<Vec<JobRow>, Error> {
    let mut recorded = Vec::with_capacity(endings.len());
    let mut rest = endings;
    while !rest.is_empty() {
        let (chunk, others) = rest.split_at(chunk_len(rest.len()));
        rest = others;
        let sql: &'static str = &FINISH[chunk.len().ilog2() as usize];
        let rows: Vec<JobRow> = on_db!(tx, c => {
            let mut statement = query_as(sql).bind(now.micros()).bind(forgetful).bind(FORGOTTEN);
            for ending in chunk {
                statement = statement
                    .bind(ending.id.uuid())
                    .bind(ending.token)
                    .bind(ending.status.as_str())
                    .bind(ending.phase)
                    .bind(&ending.output)
                    .bind(&ending.remark)
                    .bind(&ending.problem_code)
                    .bind(ending.run_at.map_or(0, Timestamp::micros))
                    .bind(ending.rank.map(Timestamp::micros))
                    .bind(ending.attempts_back);
            }
            statement.fetch_all(c).await
        })?;
        recorded.extend(rows);
    }
    Ok(recorded)
}
