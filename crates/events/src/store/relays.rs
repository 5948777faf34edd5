//! The table `event_relays`: who carries an outbox to a broker, and how far it is. Times are the database's, so that
//! processes whose clocks differ agree on when a lease ends.

use std::time::Duration;

use prosopa_store::{Backend, Database, Error, affected, on_db, query, query_scalar};
use uuid::Uuid;

/// A statement with the database's time, in microseconds, where it says `NOW`.
macro_rules! with_time {
    ($backend:expr, $first:literal $(NOW $rest:literal)+) => {
        match $backend {
            Backend::Sqlite => {
                concat!($first $(, "CAST(unixepoch('subsec') * 1000000 AS INTEGER)", $rest)+)
            }
            Backend::Postgres => {
                concat!($first $(, "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", $rest)+)
            }
        }
    };
}

/// Takes the lease, or keeps it; the position up to which everything was carried, or none while somebody else has it.
pub(crate) async fn take(
    database: &Database,
    relay: &str,
    owner: Uuid,
    length: Duration,
) -> Result<Option<i64>, Error> {
    let sql = with_time!(database.backend(),
        "INSERT INTO event_relays (relay, position, owner, lease_until) VALUES ($1, 0, $2, $3 + " NOW ")
         ON CONFLICT (relay) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
           WHERE event_relays.owner = excluded.owner OR event_relays.lease_until <= " NOW "
         RETURNING position");
    let mut tx = database.begin().await?;
    let position = on_db!(tx, c => query_scalar(sql)
        .bind(relay)
        .bind(owner)
        .bind(micros(length))
        .fetch_optional(c)
        .await)?;
    tx.commit().await?;
    Ok(position)
}

/// Notes how far everything was carried and keeps the lease; false where it is not the owner's any more, and then
/// nothing is noted.
pub(crate) async fn advance(
    database: &Database,
    relay: &str,
    owner: Uuid,
    position: i64,
    length: Duration,
) -> Result<bool, Error> {
    let sql = with_time!(database.backend(),
        "UPDATE event_relays SET position = $3, lease_until = $4 + " NOW "
         WHERE relay = $1 AND owner = $2 AND position <= $3");
    let mut tx = database.begin().await?;
    let changed = on_db!(tx, c => query(sql)
        .bind(relay)
        .bind(owner)
        .bind(position)
        .bind(micros(length))
        .execute(c)
        .await
        .map(affected))?;
    tx.commit().await?;
    Ok(changed == 1)
}

/// Gives the lease back.
pub(crate) async fn release(database: &Database, relay: &str, owner: Uuid) -> Result<(), Error> {
    let sql = "UPDATE event_relays SET lease_until = 0 WHERE relay = $1 AND owner = $2";
    let mut tx = database.begin().await?;
    on_db!(tx, c => query(sql).bind(relay).bind(owner).execute(c).await.map(affected))?;
    tx.commit().await
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 2)
}
