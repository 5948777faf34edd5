//! The counters of the quota ledger.

use prosopa_model::{AccountId, QuotaWindow, Timestamp};
use prosopa_store::{Error, Tx, affected, on_db, query, query_as, row};

row! {
    /// The counter of one window.
    pub(crate) struct CounterRow {
        /// Text form of the window.
        pub(crate) window_name: String,
        /// Beginning of the window that was counted last.
        pub(crate) starts_at: Timestamp,
        /// Metered requests spent in it.
        pub(crate) used: u64,
    }
}

/// The counters that an account has.
pub(crate) async fn list_counters(tx: &mut Tx, account_id: AccountId) -> Result<Vec<CounterRow>, Error> {
    let select = "SELECT window_name, starts_at, used FROM quota_usage WHERE account_id = $1";
    on_db!(tx, c => query_as::<_, CounterRow>(select).bind(account_id.uuid()).fetch_all(c).await)
}

/// Writes one counter.
pub(crate) async fn put_counter(
    tx: &mut Tx,
    account_id: AccountId,
    window: QuotaWindow,
    starts_at: Timestamp,
    used: u64,
) -> Result<(), Error> {
    let upsert = "INSERT INTO quota_usage (account_id, window_name, starts_at, used) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, window_name) DO UPDATE SET starts_at = excluded.starts_at, used = excluded.used";
    // More than i64 holds cannot be spent one by one.
    let used = i64::try_from(used).unwrap_or(i64::MAX);
    on_db!(tx, c => query(upsert)
        .bind(account_id.uuid())
        .bind(window.as_str())
        .bind(starts_at.micros())
        .bind(used)
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}
