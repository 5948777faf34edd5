//! What cannot be said alike to every backend; each difference is one named function.

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

/// How much a transaction of PostgreSQL sees of others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Isolation {
    /// What they have committed, at each statement anew.
    ReadCommitted,
    /// Nothing: as if it were alone, or it fails.
    Serializable,
}

/// Begins a transaction that takes the write lock at once: one that began by reading could be refused later.
pub(crate) async fn begin_write(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    writer.begin_with("BEGIN IMMEDIATE").await
}

/// Begins a transaction at an isolation level, whatever the server's default is.
pub(crate) async fn begin_isolated(
    pool: &PgPool,
    isolation: Isolation,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let statement = match isolation {
        Isolation::ReadCommitted => "BEGIN ISOLATION LEVEL READ COMMITTED",
        Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
    };
    pool.begin_with(statement).await
}

/// Holds a name until the transaction ends. Names are numbers to PostgreSQL: two of them may, very rarely, be one.
pub(crate) async fn lock_name(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    sqlx::query(lock).bind(name).execute(connection).await?;
    Ok(())
}

/// The text of a statement in which a sub-select passes over rows that another transaction holds.
///
/// `FOR UPDATE SKIP LOCKED` stands between the two halves where rows can be locked. On SQLite a writer is alone anyhow.
#[macro_export]
macro_rules! skip_locked {
    ($backend:expr, $select:expr, $rest:expr) => {
        match $backend {
            $crate::Backend::Sqlite => concat!($select, $rest),
            $crate::Backend::Postgres => concat!($select, " FOR UPDATE SKIP LOCKED", $rest),
        }
    };
}
