//! The table `outbox`.

use prosopa_model::Timestamp;
use prosopa_store::{Backend, Database, Error, Tx, affected, on_db, query, query_as, query_scalar};

use crate::delivery::Delivery;

/// Adds an event; its position is given by the database.
pub(crate) async fn insert(tx: &mut Tx, event: &Delivery) -> Result<(), Error> {
    let sql = "INSERT INTO outbox (event_id, topic, key, type, time, traceparent, data)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, c => query(sql)
        .bind(event.event_id)
        .bind(&event.topic)
        .bind(&event.key)
        .bind(&event.kind)
        .bind(event.time.micros())
        .bind(&event.traceparent)
        .bind(&event.data)
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// What follows a position, in order.
pub(crate) async fn list_after(
    database: &Database,
    position: i64,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let sql = "SELECT position, event_id, topic, key, type AS kind, time, traceparent, data FROM outbox
         WHERE position > $1 ORDER BY position LIMIT $2";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(position).bind(limit).fetch_all(c).await)
}

/// The newest position; 0 where there is none.
pub(crate) async fn last_position(database: &Database) -> Result<i64, Error> {
    let sql = "SELECT COALESCE(max(position), 0) FROM outbox";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_scalar(sql).fetch_one(c).await)
}

/// When the first event behind a position was said; none where there is none.
pub(crate) async fn find_time_after(database: &Database, position: i64) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT time FROM outbox WHERE position > $1 ORDER BY position LIMIT 1";
    let mut connection = database.read().await?;
    let time: Option<i64> =
        on_db!(connection, c => query_scalar(sql).bind(position).fetch_optional(c).await)?;
    Ok(time.map(Timestamp::from_micros))
}

/// The number of a transaction before which all have ended.
pub(crate) async fn all_ended_before(database: &Database) -> Result<i64, Error> {
    number(database, "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)").await
}

/// The number of a transaction before which all have begun that have a number now: one that is taken for it. What a snapshot
/// tells (`pg_snapshot_xmax`) is less: it stands right behind the last that has ended, and those that run may be younger.
pub(crate) async fn take_number(database: &Database) -> Result<i64, Error> {
    number(database, "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)").await
}

/// The number of a transaction, as PostgreSQL tells it. On SQLite, where one writes after the other, nothing is ever under way
/// for a reader: the largest number.
async fn number(database: &Database, sql: &'static str) -> Result<i64, Error> {
    if database.backend() == Backend::Sqlite {
        return Ok(i64::MAX);
    }
    let mut connection = database.read().await?;
    on_db!(connection, c => query_scalar(sql).fetch_one(c).await)
}

/// Deletes some of what was said before a time, up to a position; gives back how many.
pub(crate) async fn delete_before(
    database: &Database,
    position: i64,
    time: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let sql = "DELETE FROM outbox WHERE position IN
         (SELECT position FROM outbox WHERE position <= $1 AND time < $2 ORDER BY position LIMIT $3)";
    let mut tx = database.begin().await?;
    let deleted = on_db!(tx, c => query(sql)
        .bind(position)
        .bind(time.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(affected))?;
    tx.commit().await?;
    Ok(deleted)
}
