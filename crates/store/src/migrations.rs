//! Versioned schema files, compiled into the program, applied in order, never changed afterwards.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, MigrationType, Migrator};

use crate::{Backend, Error, on_db, pools::Pools};

/// One schema change, said to both backends; NAME begins with its number in its service's list.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Such as `0001_users`.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

/// Reads `migrations/sqlite/NAME.sql` and `migrations/postgres/NAME.sql` of the calling crate.
#[macro_export]
macro_rules! migration {
    ($name:literal) => {
        $crate::Migration {
            name: $name,
            sqlite: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/postgres/",
                $name,
                ".sql"
            )),
        }
    };
}

/// Lists a service's migrations by name, in order: `migrations!("0001_users", "0002_api_keys")`.
#[macro_export]
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$($crate::migration!($name)),*]
    };
}

/// Applies what is missing. PostgreSQL is held by an advisory lock meanwhile, so that of several processes one works.
pub(crate) async fn apply(pools: &Pools, list: &'static [Migration]) -> Result<(), Error> {
    let outcome = match pools {
        Pools::Sqlite { writer, .. } => migrator(list, |migration| migration.sqlite).run(writer).await,
        Pools::Postgres { writer, .. } => migrator(list, |migration| migration.postgres).run(writer).await,
    };
    outcome.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Error::from(error),
        other => Error::Migration(Box::new(other)),
    })
}

/// The names of those that are not applied yet; an applied one that is unknown or was changed is an error.
pub(crate) async fn list_pending(
    pools: &Pools,
    list: &'static [Migration],
) -> Result<Vec<&'static str>, Error> {
    let applied = list_applied(pools).await?;
    let migrator = match pools.backend() {
        Backend::Sqlite => migrator(list, |migration| migration.sqlite),
        Backend::Postgres => migrator(list, |migration| migration.postgres),
    };
    for (version, checksum) in &applied {
        let known = migrator.iter().find(|migration| migration.version == *version);
        let known =
            known.ok_or_else(|| Error::Migration(Box::new(MigrateError::VersionMissing(*version))))?;
        if known.checksum.as_ref() != checksum {
            return Err(Error::Migration(Box::new(MigrateError::VersionMismatch(*version))));
        }
    }
    let is_applied = |version: i64| applied.iter().any(|(known, _)| *known == version);
    let pending = list.iter().zip(1..).filter(|(_, version)| !is_applied(*version));
    Ok(pending.map(|(migration, _)| migration.name).collect())
}

async fn list_applied(pools: &Pools) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    let mut connection = pools.read().await?;
    let tables = match pools.backend() {
        Backend::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
        Backend::Postgres => {
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations'"
        }
    };
    let count: i64 = on_db!(connection, c => sqlx::query_scalar(tables).fetch_one(c).await)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let applied = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
    on_db!(connection, c => sqlx::query_as(applied).fetch_all(c).await)
}

fn migrator(list: &'static [Migration], text: impl Fn(&Migration) -> &'static str) -> Migrator {
    let migrations = list.iter().zip(1..).map(|(migration, version)| {
        let sql = sqlx::SqlSafeStr::into_sql_str(text(migration));
        let name = Cow::Borrowed(migration.name);
        sqlx::migrate::Migration::new(version, name, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}
