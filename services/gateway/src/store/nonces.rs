//! The nonces that were used. Many rows are written by one statement.

use prosopa_model::Timestamp;
use prosopa_store::{Error, Tx, affected, of_rows, on_db, query, query_as, row};

/// Rows in one statement: few enough for every backend's limit of values.
const ROWS_MAX: usize = 64;

row! {
    /// A nonce as one access key used it.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub(crate) struct NonceRow {
        /// Whose it is.
        pub(crate) access_key: String,
        /// What was signed with.
        pub(crate) nonce: String,
    }
}

/// Writes those that are not there yet, each until when it is to be kept; gives them back.
///
/// In the order of the rows, in which every process must give them: whoever writes the same ones waits for the other.
pub(crate) async fn insert_new_nonces(
    tx: &mut Tx,
    rows: &[(NonceRow, Timestamp)],
) -> Result<Vec<NonceRow>, Error> {
    let insert = "INSERT INTO nonces (access_key, nonce, remember_until) VALUES ";
    let unless_there = " ON CONFLICT (access_key, nonce) DO NOTHING RETURNING access_key, nonce";
    let mut inserted = Vec::new();
    for rows in rows.chunks(ROWS_MAX) {
        let text = of_rows(tx.backend(), insert, 3, rows.len(), unless_there);
        inserted.append(&mut on_db!(tx, c => {
            let mut insert = query_as::<_, NonceRow>(text);
            for (row, until) in rows {
                insert = insert.bind(&row.access_key).bind(&row.nonce).bind(until.micros());
            }
            insert.fetch_all(c).await
        })?);
    }
    Ok(inserted)
}

/// Deletes at most `limit` that need not be kept since `before`; gives how many those were.
pub(crate) async fn delete_nonces(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let delete = "DELETE FROM nonces WHERE (access_key, nonce) IN
         (SELECT access_key, nonce FROM nonces WHERE remember_until < $1 ORDER BY remember_until LIMIT $2)";
    on_db!(tx, c => query(delete)
        .bind(before.micros())
        .bind(i64::from(limit))
        .execute(c)
        .await
        .map(affected))
}
