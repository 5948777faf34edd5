//! The counters of the quota ledger. Many rows are read and written by one statement.

use prosopa_model::Timestamp;
use prosopa_store::{Connection, Error, Tx, affected, of_rows, on_db, query, query_as, query_scalar, row};
use uuid::Uuid;

/// Rows in one statement: few enough for every backend's limit of values.
const ROWS_MAX: usize = 64;

row! {
    /// What was spent in one part of one window.
    #[derive(Debug, Clone)]
    pub(crate) struct CounterRow {
        /// Whose counter it is.
        pub(crate) holder_id: Uuid,
        /// Meter and window.
        pub(crate) counter: String,
        /// Beginning of what is counted.
        pub(crate) starts_at: Timestamp,
        /// Units spent.
        pub(crate) used: u64,
    }
}

/// All counters of these holders.
pub(crate) async fn list_counters(tx: &mut Tx, holders: &[Uuid]) -> Result<Vec<CounterRow>, Error> {
    let select = "SELECT holder_id, counter, starts_at, used FROM quota_counters WHERE holder_id IN (";
    let mut rows = Vec::new();
    for holders in holders.chunks(ROWS_MAX) {
        let text = of_rows(tx.backend(), select, 1, holders.len(), ")");
        rows.append(&mut on_db!(tx, c => {
            let mut select = query_as::<_, CounterRow>(text);
            for holder in holders {
                select = select.bind(holder);
            }
            select.fetch_all(c).await
        })?);
    }
    Ok(rows)
}

/// All counters of one holder, as they are now.
pub(crate) async fn look_at_counters(
    connection: &mut Connection,
    holder_id: Uuid,
) -> Result<Vec<CounterRow>, Error> {
    let select = "SELECT holder_id, counter, starts_at, used FROM quota_counters WHERE holder_id = $1";
    on_db!(connection, c => query_as::<_, CounterRow>(select).bind(holder_id).fetch_all(c).await)
}

/// Writes counters; each row once.
pub(crate) async fn put_counters(tx: &mut Tx, rows: &[CounterRow]) -> Result<(), Error> {
    let insert = "INSERT INTO quota_counters (holder_id, counter, starts_at, used) VALUES ";
    let update = " ON CONFLICT (holder_id, counter, starts_at) DO UPDATE SET used = excluded.used";
    for rows in rows.chunks(ROWS_MAX) {
        let text = of_rows(tx.backend(), insert, 4, rows.len(), update);
        on_db!(tx, c => {
            let mut upsert = query(text);
            for row in rows {
                // More than i64 holds cannot be spent one by one.
                let used = i64::try_from(row.used).unwrap_or(i64::MAX);
                upsert = upsert.bind(row.holder_id).bind(&row.counter).bind(row.starts_at.micros()).bind(used);
            }
            upsert.execute(c).await.map(affected)
        })?;
    }
    Ok(())
}

/// Deletes counters that count no more; seldom more than one.
pub(crate) async fn delete_counters(tx: &mut Tx, rows: &[CounterRow]) -> Result<(), Error> {
    let delete = "DELETE FROM quota_counters WHERE holder_id = $1 AND counter = $2 AND starts_at = $3";
    for row in rows {
        on_db!(tx, c => query(delete)
            .bind(row.holder_id)
            .bind(&row.counter)
            .bind(row.starts_at.micros())
            .execute(c)
            .await
            .map(affected))?;
    }
    Ok(())
}

/// Says that this transaction is `batch` of this writer.
pub(crate) async fn put_batch(tx: &mut Tx, writer_id: Uuid, batch: i64, now: Timestamp) -> Result<(), Error> {
    let upsert = "INSERT INTO quota_writers (writer_id, batch, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (writer_id) DO UPDATE SET batch = excluded.batch, seen_at = excluded.seen_at";
    on_db!(tx, c => query(upsert)
        .bind(writer_id)
        .bind(batch)
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// The last batch of this writer that was committed.
pub(crate) async fn find_batch(tx: &mut Tx, writer_id: Uuid) -> Result<Option<i64>, Error> {
    let select = "SELECT batch FROM quota_writers WHERE writer_id = $1";
    on_db!(tx, c => query_scalar(select).bind(writer_id).fetch_optional(c).await)
}

/// Forgets writers that were not seen since `before`.
pub(crate) async fn delete_writers(tx: &mut Tx, before: Timestamp) -> Result<(), Error> {
    let delete = "DELETE FROM quota_writers WHERE seen_at < $1";
    on_db!(tx, c => query(delete).bind(before.micros()).execute(c).await.map(affected))?;
    Ok(())
}
