//! The table `mails`.

use uuid::Uuid;

use prosopa_model::{JobId, Timestamp};
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_scalar};

/// A mail that was accepted.
pub(crate) struct NewMail {
    pub(crate) id: Uuid,
    /// Which job sends it.
    pub(crate) job_id: JobId,
    pub(crate) purpose: &'static str,
    pub(crate) accepted_at: Timestamp,
}

/// Keeps a mail, unless its id is known; gives back whether it was new.
pub(crate) async fn insert(tx: &mut Tx, mail: &NewMail) -> Result<bool, Error> {
    let sql = "INSERT INTO mails (id, job_id, purpose, accepted_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING";
    let inserted = on_db!(tx, c => query(sql)
        .bind(mail.id)
        .bind(mail.job_id.uuid())
        .bind(mail.purpose)
        .bind(mail.accepted_at.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(inserted == 1)
}

/// How many mails wait, counted up to `limit`.
pub(crate) async fn count_waiting(tx: &mut Tx, limit: u32) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM mails WHERE ended_at IS NULL LIMIT $1) AS waiting";
    let count: i64 = on_db!(tx, c => query_scalar(sql).bind(i64::from(limit)).fetch_one(c).await)?;
    Ok(count.cast_unsigned())
}

/// Notes that the mail of a job waits no more.
pub(crate) async fn end(tx: &mut Tx, job_id: JobId, ended_at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE mails SET ended_at = $1 WHERE job_id = $2 AND ended_at IS NULL";
    on_db!(tx, c => query(sql)
        .bind(ended_at.micros())
        .bind(job_id.uuid())
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// Deletes some of the mails that ended before a time; gives back how many.
pub(crate) async fn forget_ended_before(
    database: &Database,
    time: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    let sql = "DELETE FROM mails WHERE ended_at < $1 AND id IN
           (SELECT id FROM mails WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    let mut tx = database.begin().await?;
    let deleted = on_db!(tx, c => query(sql)
        .bind(time.micros())
        .bind(i64::from(limit))
        .execute(c)
        .await
        .map(affected))?;
    tx.commit().await?;
    Ok(deleted)
}
