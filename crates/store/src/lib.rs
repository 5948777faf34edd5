//! Databases: pools, transactions, migrations. The only crate that names a SQL driver.
//!
//! A service owns one [`Database`] and writes its SQL once, with `$1` placeholders, through [`on_db!`]; what cannot
//! be said alike to every backend is a named function in `dialect`. Times and ids are bound in their stored form
//! ([`uuid`](prosopa_model::Id::uuid), [`micros`](prosopa_model::Timestamp::micros)) and read by [`row!`].

mod database;
mod dialect;
mod error;
mod migrations;
mod row;

pub use sqlx::{query, query_as, query_scalar};

pub use self::{
    database::{Connection, Database, Executor, Options, Tx},
    error::Error,
    migrations::Migration,
    row::{Column, ColumnError},
};

#[doc(hidden)]
pub mod reexport {
    pub use sqlx;
}
