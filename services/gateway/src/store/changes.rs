//! The number of the last change of plans and assignments.

use prosopa_store::{Connection, Error, Tx, on_db, query_scalar};

/// Counts a change. Whoever comes next waits until this transaction has ended, so that numbers are committed in order.
pub(crate) async fn count_change(tx: &mut Tx) -> Result<i64, Error> {
    let update = "UPDATE quota_changes SET version = version + 1 WHERE id = 1 RETURNING version";
    on_db!(tx, c => query_scalar(update).fetch_one(c).await)
}

/// The number of the last change.
pub(crate) async fn find_version(connection: &mut Connection) -> Result<i64, Error> {
    let select = "SELECT version FROM quota_changes WHERE id = 1";
    on_db!(connection, c => query_scalar(select).fetch_one(c).await)
}
