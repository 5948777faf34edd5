//! The connections of one database, of either backend.

use sqlx::{PgPool, SqlitePool};

use crate::{
    Error,
    bells::Bells,
    connection::{Backend, Connection, Reader, Tx, Writer},
    dialect::{self, Isolation},
};

/// SQLite allows one writer: it has a pool of one, so that writers queue here and fairly, not in the file's lock.
/// Connections that read cannot write. The one that hears what other processes ring is beside them.
#[derive(Clone)]
pub(crate) enum Pools {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres { readers: PgPool, writer: PgPool, listening: PgPool },
}

impl Pools {
    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite { .. } => Backend::Sqlite,
            Self::Postgres { .. } => Backend::Postgres,
        }
    }

    /// Bells of this database, for all who have it in this process.
    pub(crate) fn bells(&self) -> Bells {
        match self {
            Self::Sqlite { .. } => Bells::of_file(),
            Self::Postgres { writer, listening, .. } => Bells::of_server(listening.clone(), writer.clone()),
        }
    }

    pub(crate) async fn read(&self) -> Result<Connection, Error> {
        Ok(Connection::new(match self {
            Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Self::Postgres { readers, .. } => Reader::Postgres(readers.acquire().await?),
        }))
    }

    pub(crate) async fn begin(&self, isolation: Isolation) -> Result<Tx, Error> {
        Ok(Tx::new(match self {
            Self::Sqlite { writer, .. } => Writer::Sqlite(dialect::begin_write(writer).await?),
            Self::Postgres { writer, .. } => {
                Writer::Postgres(dialect::begin_isolated(writer, isolation).await?)
            }
        }))
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { readers, writer, .. } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}
