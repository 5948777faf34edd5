//! What the ledger is compared with: a conditional UPDATE in a transaction of its own for each spend, one window only.

use std::time::Instant;

use futures::future::join_all;
use prosopa_store::{Database, Migration, affected, on_db, query};

use crate::place::{Place, length};

const TABLE: Migration = Migration {
    name: "naive",
    sqlite: "CREATE TABLE naive (id INTEGER NOT NULL PRIMARY KEY, used INTEGER NOT NULL) STRICT",
    postgres: "CREATE TABLE naive (id BIGINT NOT NULL, used BIGINT NOT NULL, CONSTRAINT \"naive.id\" PRIMARY KEY (id))",
};

const ACCOUNTS: i64 = 64;

/// Spends a second.
pub(crate) async fn spends_per_second(place: &Place, callers: usize) -> f64 {
    let (_folder, databases) = place.databases();
    let database = Database::open(&databases.options("naive").unwrap(), &[TABLE]).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    for account in 0..ACCOUNTS {
        let insert = "INSERT INTO naive (id, used) VALUES ($1, 0)";
        on_db!(tx, c => query(insert).bind(account).execute(c).await.map(affected)).unwrap();
    }
    tx.commit().await.unwrap();
    let end = Instant::now() + length();
    let caller = async |account: usize| {
        let mut count = 0_u64;
        while Instant::now() < end {
            let mut tx = database.begin().await.unwrap();
            let update = "UPDATE naive SET used = used + 1 WHERE id = $1 AND used + 1 <= 4294967295";
            let account = account as i64 % ACCOUNTS;
            on_db!(tx, c => query(update).bind(account).execute(c).await.map(affected)).unwrap();
            tx.commit().await.unwrap();
            count += 1;
        }
        count
    };
    let begun = Instant::now();
    let counts = join_all((0..callers).map(caller)).await;
    let rate = counts.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64();
    database.close().await;
    rate
}
