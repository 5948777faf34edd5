//! The table `event_dead_letters`.

use prosopa_model::Timestamp;
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, row};
use uuid::Uuid;

use crate::delivery::Delivery;

row! {
    /// An event that a subscription could not use.
    #[derive(Debug, Clone)]
    pub struct DeadLetter {
        /// Whose it is.
        pub subscription: String,
        /// The service that said it; empty where an older version put it aside.
        pub producer: String,
        /// The event.
        pub event_id: Uuid,
        /// Where it was published.
        pub topic: String,
        /// Its type.
        pub kind: String,
        /// The thing it is about.
        pub key: String,
        /// Why it had no effect the last time.
        pub reason: String,
        /// How often it was tried.
        pub attempts: u64,
        /// When it was tried last.
        pub failed_at: Timestamp,
        /// Since when it is to be tried again; none if it is not.
        pub replay_requested_at: Option<Timestamp>,
    }
}

row! {
    /// A letter that is to be tried again.
    pub(crate) struct Request {
        pub(crate) event_id: Uuid,
        pub(crate) producer: String,
        /// How often it was tried when the request was read: who tries it counts on.
        pub(crate) attempts: u64,
    }
}

/// Which dead letters; all where nothing is named.
#[derive(Debug, Clone, Copy, Default)]
pub struct LetterFilter<'a> {
    /// Those of this subscription.
    pub subscription: Option<&'a str>,
    /// Those of this topic.
    pub topic: Option<&'a str>,
}

/// What was tried last, newest first.
pub async fn list_dead_letters(database: &Database, limit: u32) -> Result<Vec<DeadLetter>, Error> {
    find_dead_letters(database, LetterFilter::default(), limit).await
}

/// What was tried last of some, newest first.
pub async fn find_dead_letters(
    database: &Database,
    filter: LetterFilter<'_>,
    limit: u32,
) -> Result<Vec<DeadLetter>, Error> {
    let sql =
        "SELECT subscription, producer, event_id, topic, type AS kind, key, reason, attempts, failed_at,
           replay_requested_at
         FROM event_dead_letters WHERE ($2 = '' OR subscription = $2) AND ($3 = '' OR topic = $3)
         ORDER BY failed_at DESC, event_id DESC LIMIT $1";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql)
        .bind(i64::from(limit))
        .bind(filter.subscription.unwrap_or_default())
        .bind(filter.topic.unwrap_or_default())
        .fetch_all(c)
        .await)
}

/// Puts an event of a producer aside.
pub(crate) async fn insert(
    tx: &mut Tx,
    (subscription, producer): (&str, &str),
    event: &Delivery,
    (reason, attempts): (&str, u32),
    now: Timestamp,
) -> Result<(), Error> {
    let sql =
        "INSERT INTO event_dead_letters (subscription, producer, position, event_id, topic, key, type, time,
           traceparent, data, reason, attempts, failed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (subscription, event_id) DO NOTHING";
    on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(producer)
        .bind(event.position)
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

/// Asks for the first of those that are not asked for yet; gives back how many.
pub(crate) async fn request_all(
    tx: &mut Tx,
    subscription: &str,
    limit: u32,
    now: Timestamp,
) -> Result<u64, Error> {
    let sql = "UPDATE event_dead_letters SET replay_requested_at = $2
         WHERE subscription = $1 AND replay_requested_at IS NULL AND event_id IN
           (SELECT event_id FROM event_dead_letters WHERE subscription = $1 AND replay_requested_at IS NULL
            ORDER BY producer, position, event_id LIMIT $3)";
    on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(now.micros())
        .bind(i64::from(limit))
        .execute(c)
        .await
        .map(affected))
}

/// Asks for one; false where there is none, or it is asked for already.
pub(crate) async fn request_one(
    tx: &mut Tx,
    subscription: &str,
    event_id: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "UPDATE event_dead_letters SET replay_requested_at = $3
         WHERE subscription = $1 AND event_id = $2 AND replay_requested_at IS NULL";
    let requested = on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(event_id)
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(requested == 1)
}

/// What is asked for, in the producers' order; of one producer, with those whose producer is unknown, or of all where it
/// is empty.
pub(crate) async fn list_requests(
    database: &Database,
    subscription: &str,
    producer: &str,
    limit: u32,
) -> Result<Vec<Request>, Error> {
    let sql = "SELECT event_id, producer, attempts FROM event_dead_letters
         WHERE subscription = $1 AND replay_requested_at IS NOT NULL AND ($2 = '' OR producer IN ($2, ''))
         ORDER BY producer, position, event_id LIMIT $3";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql)
        .bind(subscription)
        .bind(producer)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)
}

/// Takes a letter away to try it; none where somebody else has tried it since the request was read, or does so now.
pub(crate) async fn take(
    tx: &mut Tx,
    subscription: &str,
    request: &Request,
) -> Result<Option<Delivery>, Error> {
    let sql = "DELETE FROM event_dead_letters WHERE subscription = $1 AND event_id = $2 AND attempts = $3
         RETURNING position, event_id, topic, key, type AS kind, time, traceparent, data";
    on_db!(tx, c => query_as(sql)
        .bind(subscription)
        .bind(request.event_id)
        .bind(request.attempts.cast_signed())
        .fetch_optional(c)
        .await)
}

/// Notes that a letter was tried again in vain, which answers the request; once for each attempt that was counted on.
pub(crate) async fn fail(
    tx: &mut Tx,
    subscription: &str,
    request: &Request,
    reason: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "UPDATE event_dead_letters
         SET attempts = attempts + 1, reason = $4, failed_at = $5, replay_requested_at = NULL
         WHERE subscription = $1 AND event_id = $2 AND attempts = $3";
    let noted = on_db!(tx, c => query(sql)
        .bind(subscription)
        .bind(request.event_id)
        .bind(request.attempts.cast_signed())
        .bind(reason)
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(noted == 1)
}
