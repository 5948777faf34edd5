//! The tables `event_cursors`, `inbox` and `event_dead_letters`.

use prosopa_model::Timestamp;
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, query_scalar, row};
use uuid::Uuid;

use crate::delivery::Delivery;

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

/// Deletes some of what was received before a time; gives back how many.
pub(crate) async fn delete_received_before(
    database: &Database,
    time: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let sql = "DELETE FROM inbox WHERE (subscription, event_id) IN
         (SELECT subscription, event_id FROM inbox WHERE received_at < $1 ORDER BY received_at LIMIT $2)";
    let mut tx = database.begin().await?;
    let deleted = on_db!(tx, c => query(sql).bind(time.micros()).bind(limit).execute(c).await.map(affected))?;
    tx.commit().await?;
    Ok(deleted)
}

/// Puts an event aside.
pub(crate) async fn insert_dead_letter(
    tx: &mut Tx,
    subscription: &str,
    event: &Delivery,
    (reason, attempts): (&str, u32),
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO event_dead_letters
           (subscription, event_id, topic, key, type, time, traceparent, data, reason, attempts, failed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (subscription, event_id) DO NOTHING";
    on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(event.event_id)
        .bind(&event.topic)
        .bind(&event.key)
        .bind(&event.kind)
        .bind(event.time.micros())
        .bind(&event.traceparent)
        .bind(&event.data)
        .bind(reason)
        .bind(i64::from(attempts))
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

row! {
    /// An event that a subscription could not use.
    #[derive(Debug, Clone)]
    pub struct DeadLetter {
        /// Whose it is.
        pub subscription: String,
        /// The event.
        pub event_id: Uuid,
        /// Its type.
        pub kind: String,
        /// The thing it is about.
        pub key: String,
        /// Why it was put aside.
        pub reason: String,
        /// How often it was tried.
        pub attempts: u64,
        /// When it was put aside.
        pub failed_at: Timestamp,
    }
}

/// What was put aside last, newest first.
pub async fn list_dead_letters(database: &Database, limit: u32) -> Result<Vec<DeadLetter>, Error> {
    let sql = "SELECT subscription, event_id, type AS kind, key, reason, attempts, failed_at
         FROM event_dead_letters ORDER BY failed_at DESC, event_id DESC LIMIT $1";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(i64::from(limit)).fetch_all(c).await)
}
