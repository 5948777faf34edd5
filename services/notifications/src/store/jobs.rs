//! The tables `listed_jobs`, `job_changes` and `forgotten_jobs`.

use std::collections::BTreeMap;

use prosopa_http::ListRequest;
use prosopa_model::{AccountId, Cursor, JobId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, row};
use uuid::Uuid;

row! {
    /// How a job stood when it was heard of last.
    pub(crate) struct JobRow {
        pub(crate) job_id: JobId,
        pub(crate) account_id: AccountId,
        pub(crate) service: String,
        pub(crate) kind: String,
        pub(crate) class: String,
        pub(crate) status: String,
        pub(crate) phase: String,
        pub(crate) progress_done: u64,
        pub(crate) progress_total: u64,
        pub(crate) attempts: u64,
        pub(crate) problem_code: String,
        pub(crate) href: String,
        pub(crate) created_at: Timestamp,
        pub(crate) changed_at: Timestamp,
        /// Where in its service's events it was heard of.
        pub(crate) position: i64,
        /// Its place among all changes of the list, as [`count_change`] gave it.
        pub(crate) change_number: i64,
    }
}

macro_rules! jobs_where {
    ($condition:literal) => {
        concat!(
            "SELECT job_id, account_id, service, kind, class, status, phase, progress_done, progress_total,
                    attempts, problem_code, href, created_at, changed_at, position, change_number
             FROM listed_jobs WHERE ",
            $condition
        )
    };
}

/// Held by who forgets and by who keeps, so that neither misses the other.
const LOCK: &str = "notifications/jobs";

/// Keeps how a job stands, in place of how it stood; nothing if later events told more of it, or if it may have been
/// forgotten after later ones.
pub(crate) async fn put(tx: &mut Tx, row: &JobRow) -> Result<(), Error> {
    tx.lock(LOCK).await?;
    let sql =
        "INSERT INTO listed_jobs (job_id, account_id, service, kind, class, status, phase, progress_done,
           progress_total, attempts, problem_code, href, created_at, changed_at, position, change_number)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
         WHERE NOT EXISTS (SELECT 1 FROM forgotten_jobs WHERE service = $3 AND position >= $15)
         ON CONFLICT (job_id) DO UPDATE SET class = excluded.class, status = excluded.status,
           phase = excluded.phase, progress_done = excluded.progress_done,
           progress_total = excluded.progress_total, attempts = excluded.attempts,
           problem_code = excluded.problem_code, href = excluded.href, changed_at = excluded.changed_at,
           position = excluded.position, change_number = excluded.change_number
         WHERE excluded.position > listed_jobs.position";
    on_db!(tx, c => query(sql)
        .bind(row.job_id.uuid())
        .bind(row.account_id.uuid())
        .bind(&row.service)
        .bind(&row.kind)
        .bind(&row.class)
        .bind(&row.status)
        .bind(&row.phase)
        .bind(row.progress_done.cast_signed())
        .bind(row.progress_total.cast_signed())
        .bind(row.attempts.cast_signed())
        .bind(&row.problem_code)
        .bind(&row.href)
        .bind(row.created_at.micros())
        .bind(row.changed_at.micros())
        .bind(row.position)
        .bind(row.change_number)
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// The number of a change that this transaction makes. Whoever changes the list next waits for its end, so that nobody reads
/// a number before a smaller one.
pub(crate) async fn count_change(tx: &mut Tx) -> Result<i64, Error> {
    let sql = "UPDATE job_changes SET number = number + 1 WHERE id = 1 RETURNING number";
    let (number,): (i64,) = on_db!(tx, c => query_as(sql).fetch_one(c).await)?;
    Ok(number)
}

/// The number of the last change of all.
pub(crate) async fn find_newest_change(database: &Database) -> Result<i64, Error> {
    let mut connection = database.read().await?;
    let sql = "SELECT number FROM job_changes WHERE id = 1";
    let (number,): (i64,) = on_db!(connection, c => query_as(sql).fetch_one(c).await)?;
    Ok(number)
}

/// Jobs that changed after a change, whosever they are, in the order of their last changes.
pub(crate) async fn list_changes(database: &Database, after: i64, limit: u32) -> Result<Vec<JobRow>, Error> {
    let sql = jobs_where!("change_number > $1 ORDER BY change_number LIMIT $2");
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(after).bind(i64::from(limit)).fetch_all(c).await)
}

/// Jobs of an account that have not ended, newest first.
pub(crate) async fn list_unfinished(
    database: &Database,
    account_id: AccountId,
    limit: u32,
) -> Result<Vec<JobRow>, Error> {
    let sql = jobs_where!(
        "account_id = $1 AND status IN ('queued', 'processing')
         ORDER BY created_at DESC, job_id DESC LIMIT $2"
    );
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql)
        .bind(account_id.uuid())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)
}

/// Deletes some of the jobs that have not changed since a time, and notes up to where in each service's events; gives
/// back how many.
pub(crate) async fn forget_unchanged_since(
    database: &Database,
    time: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    let delete = "DELETE FROM listed_jobs WHERE changed_at < $1 AND job_id IN
           (SELECT job_id FROM listed_jobs WHERE changed_at < $1 ORDER BY changed_at LIMIT $2)
         RETURNING service, position";
    let note = "INSERT INTO forgotten_jobs (service, position) VALUES ($1, $2)
         ON CONFLICT (service) DO UPDATE SET position = excluded.position
         WHERE excluded.position > forgotten_jobs.position";
    let mut tx = database.begin().await?;
    tx.lock(LOCK).await?;
    let deleted: Vec<(String, i64)> = on_db!(tx, c => query_as(delete)
        .bind(time.micros())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    let count = deleted.len() as u64;
    let mut last = BTreeMap::<String, i64>::new();
    for (service, position) in deleted {
        let known = last.entry(service).or_default();
        *known = position.max(*known);
    }
    for (service, position) in &last {
        on_db!(tx, c => query(note).bind(service).bind(position).execute(c).await.map(affected))?;
    }
    tx.commit().await?;
    Ok(count)
}

/// One row more than the page holds, newest first; an empty status or service means any.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    (status, service): (&str, &str),
    request: ListRequest,
) -> Result<Vec<JobRow>, Error> {
    let sql = jobs_where!(
        "account_id = $1 AND created_at >= $2 AND created_at < $3 AND (created_at, job_id) < ($4, $5)
           AND ($6 = '' OR status = $6) AND ($7 = '' OR service = $7)
         ORDER BY created_at DESC, job_id DESC LIMIT $8"
    );
    let after = request.page.after.unwrap_or(Cursor { created_at: Timestamp::MAX, id: Uuid::max() });
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql)
        .bind(account_id.uuid())
        .bind(request.range.start.micros())
        .bind(request.range.end.micros())
        .bind(after.created_at.micros())
        .bind(after.id)
        .bind(status)
        .bind(service)
        .bind(i64::from(request.page.limit) + 1)
        .fetch_all(c)
        .await)
}
