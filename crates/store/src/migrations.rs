//! Versioned schema files, compiled into the program, applied in order, never changed afterwards.

use std::borrow::Cow;

use sqlx::{
    SqlitePool,
    migrate::{MigrationType, Migrator},
};

use crate::Error;

/// One schema file: `migrations/sqlite/NAME.sql`, where NAME begins with its number.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Such as `0001_users`.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
}

/// Lists a service's migrations by name, in order: `migrations!("0001_users", "0002_api_keys")`.
#[macro_export]
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$($crate::Migration {
            name: $name,
            sqlite: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/", $name, ".sql")),
        }),*]
    };
}

pub(crate) async fn apply(pool: &SqlitePool, list: &'static [Migration]) -> Result<(), Error> {
    let migrations = list.iter().zip(1..).map(|(migration, version)| {
        let sql = sqlx::SqlSafeStr::into_sql_str(migration.sqlite);
        let name = Cow::Borrowed(migration.name);
        sqlx::migrate::Migration::new(version, name, MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run(pool).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => Error::from(error),
        other => Error::Migration(Box::new(other)),
    })
}
