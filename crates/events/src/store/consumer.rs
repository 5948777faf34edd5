//! The tables `event_cursors` and `inbox`.

use prosopa_model::Timestamp;
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_scalar};
use uuid::Uuid;

/// Where a subscription stands; at first before everything.
pub(crate) async fn find_cursor(database: &Database, subscription: &str) -> Result<i64, Error> {
    let sql = "SELECT position FROM event_cursors WHERE subscription = $1";
    let mut connection = database.read().await?;
    let position: Option<i64> =
        on_db!(connection, c => query_scalar(sql).bind(subscription).fetch_optional(c).await)?;
    Ok(position.unwrap_or(0))
}

/// Makes the cursor of a new subscription.
pub(crate) async fn insert_cursor(database: &Database, subscription: &str) -> Result<(), Error> {
    let sql = "INSERT INTO event_cursors (subscription, position) VALUES ($1, 0)
         ON CONFLICT (subscription) DO NOTHING";
    let mut tx = database.begin().await?;
    on_db!(tx, c => query(sql).bind(subscription).execute(c).await.map(affected))?;
    tx.commit().await
}

/// Moves a cursor on, unless somebody else has moved it; to be the transaction's first statement, so that the other one
/// waits for its end.
pub(crate) async fn move_cursor(tx: &mut Tx, subscription: &str, from: i64, to: i64) -> Result<bool, Error> {
    let sql = "UPDATE event_cursors SET position = $3 WHERE subscription = $1 AND position = $2";
    let moved = on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(from)
        .bind(to)
        .execute(c)
        .await
        .map(affected))?;
    Ok(moved == 1)
}

/// Keeps a cursor where it is until the transaction ends; to be its first statement. Where there is none, nothing waits.
pub(crate) async fn hold_cursor(tx: &mut Tx, subscription: &str) -> Result<(), Error> {
    let sql = "UPDATE event_cursors SET position = position WHERE subscription = $1";
    on_db!(tx, c => query(sql).bind(subscription).execute(c).await.map(affected))?;
    Ok(())
}

/// Notes an event as received; false if it was before.
pub(crate) async fn receive(
    tx: &mut Tx,
    subscription: &str,
    event_id: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "INSERT INTO inbox (subscription, event_id, received_at) VALUES ($1, $2, $3)
         ON CONFLICT (subscription, event_id) DO NOTHING";
    let noted = on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(event_id)
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(noted == 1)
}

/// Deletes some of what was received before a time; gives back how many. What was put aside before it was received
/// stays: its replay must find that the effect is there.
pub(crate) async fn delete_received_before(
    database: &Database,
    time: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let sql = "DELETE FROM inbox WHERE (subscription, event_id) IN
         (SELECT subscription, event_id FROM inbox WHERE received_at < $1 AND NOT EXISTS
           (SELECT 1 FROM event_dead_letters letter
            WHERE letter.subscription = inbox.subscription AND letter.event_id = inbox.event_id)
          ORDER BY received_at LIMIT $2)";
    let mut tx = database.begin().await?;
    let deleted = on_db!(tx, c => query(sql).bind(time.micros()).bind(limit).execute(c).await.map(affected))?;
    tx.commit().await?;
    Ok(deleted)
}
