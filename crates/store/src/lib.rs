//! Databases: pools, transactions, migrations; and what processes remember together for a while, in [`Redis`]. The only
//! crate that names a driver.
//!
//! A service owns one [`Database`] and writes its SQL once, with `$1` placeholders, through [`on_db!`]; what cannot
//! be said alike to every backend is a named function in `dialect`. Times and ids are bound in their stored form
//! ([`uuid`](prosopa_model::Id::uuid), [`micros`](prosopa_model::Timestamp::micros)) and read by [`row!`].

mod bells;
mod connection;
mod database;
mod dialect;
mod error;
pub mod idempotency;
mod many;
mod migrations;
mod options;
mod pools;
mod postgres;
mod redis;
mod retry;
mod row;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;

pub use sqlx::{query, query_as, query_scalar};

pub use self::{
    bells::Bell,
    connection::{Affected, Backend, Connection, Executor, Tx, affected},
    database::Database,
    error::Error,
    many::of_rows,
    migrations::Migration,
    options::Options,
    redis::{Redis, RedisKey, RedisLost, RedisOptions, RedisOptionsError},
    retry::{Attempts, Retryable},
    row::{Column, ColumnError},
};

#[doc(hidden)]
pub mod reexport {
    pub use sqlx;
}
