//! The table `job_schedules`.

use prosopa_model::Timestamp;
use prosopa_store::{Database, Error, Tx, affected, on_db, query, query_as, row};

row! {
    /// When a schedule is due.
    #[derive(Debug)]
    pub(crate) struct DueRow {
        pub(crate) next_at: Timestamp,
        pub(crate) last_at: Option<Timestamp>,
    }
}

/// When a schedule is due; none if it has never been looked at.
pub(crate) async fn find(database: &Database, name: &str) -> Result<Option<DueRow>, Error> {
    let sql = "SELECT next_at, last_at FROM job_schedules WHERE name = $1";
    let mut connection = database.read().await?;
    on_db!(connection, c => query_as(sql).bind(name).fetch_optional(c).await)
}

/// Begins a schedule, unless somebody else just did.
pub(crate) async fn insert(tx: &mut Tx, name: &str, next_at: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO job_schedules (name, next_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    on_db!(tx, c => query(sql).bind(name).bind(next_at.micros()).execute(c).await.map(affected))?;
    Ok(())
}

/// Moves a schedule on from the due time that was seen; false if somebody else did.
pub(crate) async fn advance(
    tx: &mut Tx,
    name: &str,
    seen: Timestamp,
    next_at: Timestamp,
    last_at: Option<Timestamp>,
) -> Result<bool, Error> {
    let sql = "UPDATE job_schedules SET next_at = $3, last_at = $4 WHERE name = $1 AND next_at = $2";
    let moved = on_db!(tx, c => {
        query(sql)
            .bind(name)
            .bind(seen.micros())
            .bind(next_at.micros())
            .bind(last_at.map(Timestamp::micros))
            .execute(c)
            .await
            .map(affected)
    })?;
    Ok(moved == 1)
}
