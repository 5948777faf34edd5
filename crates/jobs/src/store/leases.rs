//! What happens to a job between claim and end: its lease, its phase, its progress.

use std::{collections::HashMap, sync::LazyLock};

use uuid::Uuid;

use prosopa_model::{JobId, Timestamp};
use prosopa_store::{Database, Error, Tx, on_db, query_as, query_scalar, row, skip_locked};

use super::{FORGOTTEN, chunk_len, columns, placeholders};
use crate::job::JobRow;

/// Jobs that are recovered, or looked at for cancellation, at once.
const BATCH: i64 = 256;

row! {
    struct HeldRow {
        id: JobId,
        lease_token: Uuid,
        cancel_requested: bool,
    }
}

/// The statement for 1, 2, 4 … 32 leases.
static EXTEND: LazyLock<[String; 6]> = LazyLock::new(|| [1, 2, 4, 8, 16, 32].map(extend_text));

fn extend_text(rows: usize) -> String {
    format!(
        "UPDATE jobs SET lease_until = $1 FROM (VALUES {}) AS v
         WHERE jobs.id = v.column1 AND jobs.lease_token = v.column2 AND jobs.status = 'processing'
         RETURNING id, lease_token, cancel_requested",
        placeholders(rows, 2, 2)
    )
}

/// Extends leases; gives back those that still held, each with whether its job is to be called off.
pub(crate) async fn extend(
    tx: &mut Tx,
    leases: &[(JobId, Uuid)],
    until: Timestamp,
) -> Result<HashMap<(JobId, Uuid), bool>, Error> {
    let mut held = HashMap::with_capacity(leases.len());
    let mut rest = leases;
    while !rest.is_empty() {
        let (chunk, others) = rest.split_at(chunk_len(rest.len()));
        rest = others;
        let sql: &'static str = &EXTEND[chunk.len().ilog2() as usize];
        let rows: Vec<HeldRow> = on_db!(tx, c => {
            let mut statement = query_as(sql).bind(until.micros());
            for (id, token) in chunk {
                statement = statement.bind(id.uuid()).bind(*token);
            }
            statement.fetch_all(c).await
        })?;
        held.extend(rows.into_iter().map(|row| ((row.id, row.lease_token), row.cancel_requested)));
    }
    Ok(held)
}

/// Running jobs, anybody's, that are to be called off.
pub(crate) async fn list_cancel_requested(database: &Database) -> Result<Vec<JobId>, Error> {
    let sql = "SELECT id FROM jobs WHERE status = 'processing' AND cancel_requested LIMIT $1";
    let mut connection = database.read().await?;
    let ids: Vec<Uuid> = on_db!(connection, c => query_scalar(sql).bind(BATCH).fetch_all(c).await)?;
    Ok(ids.into_iter().map(JobId::from_uuid).collect())
}

/// Takes jobs from workers whose lease ran out, or lasts longer than any lease (a clock was set back): queued again, or
/// ended if called off or begun too often.
pub(crate) async fn recover(
    tx: &mut Tx,
    now: Timestamp,
    lease_until_max: Timestamp,
    remark: &str,
    forgetful: &str,
) -> Result<Vec<JobRow>, Error> {
    let sql = skip_locked!(
        tx.backend(),
        "WITH lost AS MATERIALIZED (
           SELECT id FROM jobs WHERE status = 'processing' AND (lease_until <= $1 OR lease_until > $2)
           ORDER BY lease_until LIMIT $3",
        concat!(
            ")
             UPDATE jobs SET
               status = CASE WHEN cancel_requested THEN 'cancelled' WHEN attempts >= attempts_max THEN 'failed'
                 ELSE 'queued' END,
               phase = CASE WHEN cancel_requested THEN 'cancelled' WHEN attempts >= attempts_max THEN 'failed'
                 ELSE 'queued' END,
               problem_code = CASE WHEN attempts >= attempts_max AND NOT cancel_requested THEN 'internal' END,
               input = CASE WHEN (cancel_requested OR attempts >= attempts_max) AND $5 LIKE '%,' || kind || ',%'
                 THEN $6 ELSE input END,
               remark = $4, run_at = 0, lease_token = NULL, lease_until = NULL, changed_at = $1,
               finished_at = CASE WHEN cancel_requested OR attempts >= attempts_max THEN $1 END,
               expires_at = CASE WHEN cancel_requested OR attempts >= attempts_max THEN $1 + keep_us END
             WHERE id IN (SELECT id FROM lost) AND status = 'processing'
             RETURNING ",
            columns!()
        )
    );
    on_db!(tx, c => query_as(sql)
        .bind(now.micros())
        .bind(lease_until_max.micros())
        .bind(BATCH)
        .bind(remark)
        .bind(forgetful)
        .bind(FORGOTTEN)
        .fetch_all(c)
        .await)
}

/// Says which step runs; none if the lease was lost. A job that is being called off keeps its phase.
pub(crate) async fn set_phase(
    tx: &mut Tx,
    (id, token): (JobId, Uuid),
    phase: &str,
    now: Timestamp,
) -> Result<Option<JobRow>, Error> {
    let sql = concat!(
        "UPDATE jobs SET phase = CASE WHEN cancel_requested THEN phase ELSE $3 END, changed_at = $4
         WHERE id = $1 AND lease_token = $2 AND status = 'processing' RETURNING ",
        columns!()
    );
    on_db!(tx, c => query_as(sql)
        .bind(id.uuid())
        .bind(token)
        .bind(phase)
        .bind(now.micros())
        .fetch_optional(c)
        .await)
}

/// Says how far the work is; none if the lease was lost.
pub(crate) async fn set_progress(
    tx: &mut Tx,
    (id, token): (JobId, Uuid),
    (done, total): (u64, u64),
    now: Timestamp,
) -> Result<Option<JobRow>, Error> {
    let sql = concat!(
        "UPDATE jobs SET progress_done = $3, progress_total = $4, changed_at = $5
         WHERE id = $1 AND lease_token = $2 AND status = 'processing' RETURNING ",
        columns!()
    );
    on_db!(tx, c => query_as(sql)
        .bind(id.uuid())
        .bind(token)
        .bind(i64::try_from(done).unwrap_or(i64::MAX))
        .bind(i64::try_from(total).unwrap_or(i64::MAX))
        .bind(now.micros())
        .fetch_optional(c)
        .await)
}
