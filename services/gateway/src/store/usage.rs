//! How far spools of usage are published.

use prosopa_model::Timestamp;
use prosopa_store::{Connection, Database, Error, Tx, affected, on_db, query, query_scalar};
use uuid::Uuid;

/// Up to where a spool is published; none if nothing is.
pub(crate) async fn find_position(connection: &mut Connection, spool_id: Uuid) -> Result<Option<i64>, Error> {
    let sql = "SELECT position FROM usage_spools WHERE spool_id = $1";
    on_db!(connection, c => query_scalar(sql).bind(spool_id).fetch_optional(c).await)
}

/// Moves it, if it is where it was found; says whether it was.
pub(crate) async fn move_position(
    tx: &mut Tx,
    spool_id: Uuid,
    before: i64,
    after: i64,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "INSERT INTO usage_spools (spool_id, position, changed_at) VALUES ($1, $2, $3)
               ON CONFLICT (spool_id) DO UPDATE SET position = excluded.position, changed_at = excluded.changed_at
               WHERE usage_spools.position = $4";
    let rows = on_db!(tx, c => query(sql)
        .bind(spool_id)
        .bind(after)
        .bind(now.micros())
        .bind(before)
        .execute(c)
        .await
        .map(affected))?;
    Ok(rows > 0)
}

/// Forgets spools of which nothing was published since `time`.
pub(crate) async fn forget_positions(database: &Database, time: Timestamp) -> Result<(), Error> {
    let sql = "DELETE FROM usage_spools WHERE changed_at < $1";
    let mut tx = database.begin().await?;
    on_db!(tx, c => query(sql).bind(time.micros()).execute(c).await.map(affected))?;
    tx.commit().await
}
