//! A database of the test's own, through the crate's public door.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

use prosopa_model::{Timestamp, UserId};
use prosopa_problem::{Code, Problem};
use prosopa_store::{
    Database, Error, Migration, Options, affected, on_db, query, query_as, query_scalar, row,
};
use prosopa_testkit::TestHome;

mod addresses;
mod bells;
mod conflicts;
mod idempotency;
mod redis;
mod tls;

const FIRST: Migration = Migration {
    name: "0001_things",
    sqlite: "CREATE TABLE things (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER, made INTEGER NOT NULL)",
    postgres:
        "CREATE TABLE things (id UUID PRIMARY KEY, name TEXT NOT NULL CONSTRAINT \"things.name\" UNIQUE,
        size BIGINT, made BIGINT NOT NULL)",
};
const SECOND: Migration = Migration {
    name: "0002_color",
    sqlite: "ALTER TABLE things ADD COLUMN color TEXT",
    postgres: "ALTER TABLE things ADD COLUMN color TEXT",
};

row! {
    #[derive(Debug, PartialEq)]
    struct Thing {
        id: UserId,
        name: String,
        size: Option<u64>,
        made: Timestamp,
    }
}

fn thing(name: &str) -> Thing {
    Thing { id: UserId::new(), name: name.into(), size: None, made: Timestamp::now() }
}

async fn open(home: &TestHome) -> Database {
    Database::open(&home.options("test"), &[FIRST]).await.unwrap()
}

/// A file, whatever the other tests use.
async fn open_file(home: &TestHome) -> Database {
    Database::open(&Options::file(home.path().join("test.db")), &[FIRST]).await.unwrap()
}

async fn insert(database: &Database, thing: &Thing) -> Result<(), Error> {
    let mut tx = database.begin().await?;
    on_db!(tx, c => {
        query("INSERT INTO things (id, name, size, made) VALUES ($1, $2, $3, $4)")
            .bind(thing.id.uuid())
            .bind(&thing.name)
            .bind(thing.size.map(u64::cast_signed))
            .bind(thing.made.micros())
            .execute(c)
            .await
            .map(affected)
    })?;
    tx.commit().await
}

async fn count(database: &Database) -> i64 {
    let mut connection = database.read().await.unwrap();
    on_db!(connection, c => query_scalar("SELECT count(*) FROM things").fetch_one(c).await).unwrap()
}

#[tokio::test]
async fn ids_times_and_nulls_are_read_as_they_were_written() {
    let home = TestHome::new();
    let database = open(&home).await;
    for written in [thing("a"), Thing { size: Some(7), ..thing("b") }] {
        insert(&database, &written).await.unwrap();
        let mut connection = database.read().await.unwrap();
        let read: Thing = on_db!(connection, c => {
            query_as("SELECT id, name, size, made FROM things WHERE id = $1")
                .bind(written.id.uuid())
                .fetch_one(c)
                .await
        })
        .unwrap();
        assert_eq!(read, written);
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    let home = TestHome::new();
    let database = open(&home).await;
    let mut tx = database.begin().await.unwrap();
    on_db!(tx, c => query("INSERT INTO things (id, name, made) VALUES ($1, 'a', 0)").bind(UserId::new().uuid()).execute(c).await.map(affected))
        .unwrap();
    drop(tx);
    assert_eq!(count(&database).await, 0);
}

/// R7: a refused duplicate is told from other failures, with the column's name.
#[tokio::test]
async fn a_duplicate_names_its_column() {
    let home = TestHome::new();
    let database = open(&home).await;
    insert(&database, &thing("a")).await.unwrap();
    let error = insert(&database, &thing("a")).await.unwrap_err();
    assert!(error.violates_unique("things.name"), "{error}");
}

/// R9: connections for reading cannot write, whatever the statement.
#[tokio::test]
async fn a_reading_connection_cannot_write() {
    let home = TestHome::new();
    let database = open(&home).await;
    let mut connection = database.read().await.unwrap();
    let error =
        on_db!(connection, c => query("DELETE FROM things").execute(c).await.map(affected)).unwrap_err();
    assert!(matches!(error, Error::Unwritable(_)), "{error:?}");
}

/// K9: versioned migrations are applied once and in order; a database of a newer program is refused.
#[tokio::test]
async fn migrations_go_forward_only() {
    let home = TestHome::new();
    let options = home.options("test");
    let old = open(&home).await;
    insert(&old, &thing("a")).await.unwrap();
    old.close().await;
    let new = Database::open(&options, &[FIRST, SECOND]).await.unwrap();
    assert_eq!(count(&new).await, 1);
    new.close().await;
    let refused = Database::open(&options, &[FIRST]).await.err().unwrap();
    assert!(matches!(refused, Error::Migration(_)), "{refused:?}");
}

/// K9: what is missing is told without changing anything.
#[tokio::test]
async fn missing_migrations_are_listed() {
    let home = TestHome::new();
    let options = home.options("test");
    let pending = || Database::list_pending(&options, &[FIRST, SECOND]);
    assert_eq!(pending().await.unwrap(), ["0001_things", "0002_color"]);
    assert_eq!(pending().await.unwrap(), ["0001_things", "0002_color"], "nothing was made by looking");
    open(&home).await.close().await;
    assert_eq!(pending().await.unwrap(), ["0002_color"]);
    Database::open(&options, &[FIRST, SECOND]).await.unwrap().close().await;
    assert!(pending().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_migration_changed_after_the_fact_is_refused() {
    let home = TestHome::new();
    open(&home).await.close().await;
    const OTHER: &str = "CREATE TABLE other (id INTEGER)";
    const CHANGED: &[Migration] = &[Migration { name: "0001_things", sqlite: OTHER, postgres: OTHER }];
    let refused = Database::open(&home.options("test"), CHANGED).await.err().unwrap();
    assert!(matches!(refused, Error::Migration(_)), "{refused:?}");
    let refused = Database::list_pending(&home.options("test"), CHANGED).await.unwrap_err();
    assert!(matches!(refused, Error::Migration(_)), "{refused:?}");
}

/// F5: a full disk has its own code, nothing is torn, and what was there stays readable.
#[tokio::test]
async fn a_full_database_refuses_and_stays_whole() {
    let home = TestHome::new();
    let database = open_file(&home).await;
    insert(&database, &thing("a")).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    on_db!(tx, c => query("PRAGMA max_page_count = 1").execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    let error = insert(&database, &thing(&"x".repeat(100_000))).await.unwrap_err();
    assert_eq!(Problem::from(error).code(), Code::StorageFull);
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let home = TestHome::new();
    std::fs::write(home.path().join("file"), "").unwrap();
    let options = Options::file(home.path().join("file/below/test.db"));
    let error = Database::open(&options, &[FIRST]).await.err().unwrap();
    assert!(error.to_string().contains("file/below"), "{error}");
}

/// F1: password hashes are nobody else's to read, whoever made the folder and with whatever mode.
#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let home = TestHome::new();
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(home.path().join("test.db"), "").unwrap();
    let database = open_file(&home).await;
    insert(&database, &thing("a")).await.unwrap();
    assert_eq!(count(&database).await, 1);
    for entry in std::fs::read_dir(home.path()).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}
