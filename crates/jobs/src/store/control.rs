//! What people and time do to jobs: calling off, trying again, forgetting.

use prosopa_model::{AccountId, JobId, Timestamp};
use prosopa_store::{Error, Tx, affected, on_db, query, query_as, row, skip_locked};

use super::{FORGOTTEN, columns};
use crate::job::{JobClass, JobRow, JobStatus};

/// Calls a job off: at once if it is queued, else by asking its worker. None where there is nothing to call off.
pub(crate) async fn cancel(
    tx: &mut Tx,
    account_id: AccountId,
    id: JobId,
    forgetful: &str,
    now: Timestamp,
) -> Result<Option<JobRow>, Error> {
    let sql = concat!(
        "UPDATE jobs SET
           input = CASE WHEN status = 'queued' AND $4 LIKE '%,' || kind || ',%' THEN $5 ELSE input END,
           status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
           phase = CASE WHEN status = 'queued' THEN 'cancelled' ELSE 'cancelling' END,
           finished_at = CASE WHEN status = 'queued' THEN $3 END,
           expires_at = CASE WHEN status = 'queued' THEN $3 + keep_us END,
           cancel_requested = TRUE, changed_at = $3
         WHERE id = $1 AND account_id = $2 AND status IN ('queued', 'processing') AND NOT cancel_requested
         RETURNING ",
        columns!()
    );
    on_db!(tx, c => query_as(sql)
        .bind(id.uuid())
        .bind(account_id.uuid())
        .bind(now.micros())
        .bind(forgetful)
        .bind(FORGOTTEN)
        .fetch_optional(c)
        .await)
}

/// Queues a failed or cancelled job again, with all its attempts before it. None where it is neither, or forgetful.
pub(crate) async fn retry(
    tx: &mut Tx,
    account_id: AccountId,
    id: JobId,
    forgetful: &str,
    now: Timestamp,
) -> Result<Option<JobRow>, Error> {
    let sql = concat!(
        "UPDATE jobs SET status = 'queued', phase = 'queued', attempts = 0, run_at = 0, cancel_requested = FALSE,
           rank = $3 + CASE class WHEN 0 THEN $4 WHEN 1 THEN $5 ELSE $6 END,
           output = NULL, remark = NULL, problem_code = NULL, finished_at = NULL, expires_at = NULL, changed_at = $3
         WHERE id = $1 AND account_id = $2 AND status IN ('failed', 'cancelled')
           AND $7 NOT LIKE '%,' || kind || ',%'
         RETURNING ",
        columns!()
    );
    let [first, second, third] =
        JobClass::ALL.map(|class| i64::try_from(class.penalty().as_micros()).unwrap_or(i64::MAX));
    on_db!(tx, c => query_as(sql)
        .bind(id.uuid())
        .bind(account_id.uuid())
        .bind(now.micros())
        .bind(first)
        .bind(second)
        .bind(third)
        .bind(forgetful)
        .fetch_optional(c)
        .await)
}

/// Deletes finished jobs whose time is over, at most `limit`, with their steps.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, Error> {
    let sql = skip_locked!(
        tx.backend(),
        "WITH expired AS MATERIALIZED (SELECT id FROM jobs WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
        ") DELETE FROM jobs WHERE id IN (SELECT id FROM expired)"
    );
    on_db!(tx, c => query(sql).bind(now.micros()).bind(limit).execute(c).await.map(affected))
}

row! {
    /// How many jobs of one kind, class and status there are.
    #[derive(Debug)]
    pub(crate) struct CountRow {
        pub(crate) kind: String,
        pub(crate) class: JobClass,
        pub(crate) status: JobStatus,
        pub(crate) jobs: i64,
        /// When the one that has been due longest became due; none if none is due.
        pub(crate) due_at: Option<Timestamp>,
    }
}

/// Counts what waits and what runs.
pub(crate) async fn count(
    database: &prosopa_store::Database,
    now: Timestamp,
) -> Result<Vec<CountRow>, Error> {
    // Two halves, so that each finds the index of its own rows among many finished ones.
    let sql = "SELECT kind, class, status, count(*) AS jobs,
           min(CASE WHEN run_at <= $1 THEN CASE WHEN run_at > changed_at THEN run_at ELSE changed_at END END) AS due_at
         FROM jobs WHERE status = 'queued' GROUP BY kind, class, status
         UNION ALL
         SELECT kind, class, status, count(*) AS jobs, NULL AS due_at
         FROM jobs WHERE status = 'processing' GROUP BY kind, class, status";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(now.micros()).fetch_all(c).await)
}
