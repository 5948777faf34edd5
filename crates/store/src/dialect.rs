//! What cannot be said alike to every backend; each difference is one named function.

use sqlx::{Sqlite, SqlitePool, Transaction};

/// Begins a transaction that takes the write lock at once: one that began by reading could be refused later.
pub(crate) async fn begin_write(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    writer.begin_with("BEGIN IMMEDIATE").await
}
