//! Transactions that get in each other's way, and starts that do.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures::future::join_all;
use tokio::sync::{Barrier, Notify};

use prosopa_store::{Backend, Database, Error, affected, on_db, query, query_scalar, transact};
use prosopa_testkit::TestHome;

use crate::{FIRST, SECOND, count, insert, open, thing};

/// K9: of processes that start at the same time on one database, each finds the schema, made once.
#[tokio::test]
async fn simultaneous_starts_migrate_once() {
    let home = TestHome::new();
    // Two processes never share a file; the first makes it here.
    if open(&home).await.backend() == Backend::Sqlite {
        return;
    }
    let fresh = TestHome::new();
    let options = fresh.options("test");
    let opened = join_all((0..6).map(|_| Database::open(&options, &[FIRST, SECOND]))).await;
    for database in opened {
        assert_eq!(count(&database.unwrap()).await, 0);
    }
}

/// Adds one to a thing's size by reading it first.
async fn read_then_write(
    database: &Database,
    both_have_read: &Barrier,
    attempts: &AtomicU32,
) -> Result<(), Error> {
    transact!(database, tx => {
        let first = attempts.fetch_add(1, Ordering::Relaxed) < 2;
        let size: i64 = on_db!(tx, c => query_scalar("SELECT size FROM things WHERE name = 'a'").fetch_one(c).await)?;
        if first && tx.backend() == Backend::Postgres {
            both_have_read.wait().await;
        }
        on_db!(tx, c => {
            query("UPDATE things SET size = $1 WHERE name = 'a'").bind(size + 1).execute(c).await.map(affected)
        })?;
        Ok::<(), Error>(())
    })
}

/// R9: of two transactions that read the same and write by it, one is repeated; nothing is lost.
#[tokio::test]
async fn a_conflict_is_repeated_and_no_write_is_lost() {
    let home = TestHome::new();
    let database = open(&home).await;
    insert(&database, &crate::Thing { size: Some(0), ..thing("a") }).await.unwrap();
    let (barrier, attempts) = (Barrier::new(2), AtomicU32::new(0));
    let write = || read_then_write(&database, &barrier, &attempts);
    let (one, other) = tokio::join!(write(), write());
    one.unwrap();
    other.unwrap();
    let mut connection = database.read().await.unwrap();
    let size: i64 =
        on_db!(connection, c => query_scalar("SELECT size FROM things").fetch_one(c).await).unwrap();
    assert_eq!(size, 2);
    let expected = if database.backend() == Backend::Postgres { 3 } else { 2 };
    assert_eq!(attempts.load(Ordering::Relaxed), expected);
}

/// F10: who waits for what a transaction writes is woken by its commit, and only by that.
#[tokio::test]
async fn waiting_ones_are_woken_by_the_commit() {
    let home = TestHome::new();
    let database = open(&home).await;
    let waiting = Arc::new(Notify::new());
    let mut dropped = database.begin().await.unwrap();
    dropped.wake_on_commit(&waiting);
    dropped.rollback().await.unwrap();
    let early = futures::poll!(std::pin::pin!(waiting.notified()));
    assert!(early.is_pending());
    let mut tx = database.begin().await.unwrap();
    tx.wake_on_commit(&waiting);
    tx.commit().await.unwrap();
    waiting.notified().await;
}

/// R9: no more connections than agreed; who comes too late is told to come again.
#[tokio::test]
async fn connections_are_bounded() {
    let home = TestHome::new();
    let mut options = home.options("test");
    options.acquire_timeout = std::time::Duration::from_millis(50);
    options.connections_max = 2;
    let database = Database::open(&options, &[FIRST]).await.unwrap();
    let _held = [database.read().await.unwrap(), database.read().await.unwrap()];
    assert!(matches!(database.read().await.err(), Some(Error::Busy(_))));
}

/// R9: a statement that takes too long is ended. SQLite has no such limit and no server to protect.
#[tokio::test]
async fn a_long_statement_is_ended() {
    let home = TestHome::new();
    let mut options = home.options("test");
    options.statement_timeout = std::time::Duration::from_millis(50);
    let database = Database::open(&options, &[FIRST]).await.unwrap();
    if database.backend() == Backend::Postgres {
        let mut connection = database.read().await.unwrap();
        let ended = on_db!(connection, c => query("SELECT pg_sleep(60)").execute(c).await.map(affected));
        assert!(matches!(ended, Err(Error::Busy(_))), "{ended:?}");
    }
}
