//! Who waits for rows, and who wakes them.

use futures::FutureExt;

use prosopa_store::{Backend, Bell, Database, affected, on_db, query};
use prosopa_testkit::TestHome;

use crate::{FIRST, open};

/// Whether it was rung and nobody has heard it.
fn was_rung(bell: &Bell) -> bool {
    bell.notified().now_or_never().is_some()
}

/// Waits until other processes are heard: what was told before may be lost, so that everything is rung once.
async fn begin_to_hear(bells: [&Bell; 2], backend: Backend) {
    if backend == Backend::Postgres {
        bells[0].notified().await;
    }
    for bell in bells {
        while was_rung(bell) {}
    }
}

async fn ring(database: &Database, name: &'static str) {
    let mut tx = database.begin().await.unwrap();
    tx.ring_on_commit(&database.bell(name));
    tx.commit().await.unwrap();
}

/// F10: a bell is rung by the commit and only by that, for every clone of the database and for no other name.
#[tokio::test]
async fn a_bell_is_rung_by_the_commit() {
    let home = TestHome::new();
    let database = open(&home).await;
    let (bell, other) = (database.clone().bell("things"), database.bell("others"));
    begin_to_hear([&bell, &other], database.backend()).await;
    let mut tx = database.begin().await.unwrap();
    tx.ring_on_commit(&bell);
    tx.rollback().await.unwrap();
    assert!(!was_rung(&bell));
    let waiting = bell.notified();
    ring(&database, "things").await;
    waiting.await;
    assert!(was_rung(&bell), "who comes later is woken too");
    assert!(!was_rung(&bell) && !was_rung(&other));
}

/// K9: a ring is heard in another process that has the database, also behind the loss of a connection. A file is one
/// process's.
#[tokio::test]
async fn a_bell_is_heard_in_other_processes() {
    let home = TestHome::new();
    let one = open(&home).await;
    if one.backend() == Backend::Sqlite {
        return;
    }
    let other = Database::open(&home.options("test"), &[FIRST]).await.unwrap();
    let (bell, unheard) = (one.bell("things"), one.bell("others"));
    for is_first in [true, false] {
        begin_to_hear([&bell, &unheard], Backend::Postgres).await;
        for _ in 0..3 {
            ring(&other, "things").await;
            bell.notified().await;
            while was_rung(&bell) {}
        }
        assert!(!was_rung(&unheard));
        if is_first {
            end_listeners(&other).await;
        }
    }
    one.close().await;
    other.close().await;
}

/// Ends the connections that listen, as a server does that is restarted.
async fn end_listeners(database: &Database) {
    let mut tx = database.begin().await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let ended = on_db!(tx, c => query(sql).execute(c).await.map(affected)).unwrap();
    assert!(ended > 0, "nobody listens");
}
