//! Processor time of this process for one request, with more and more of what durability needs. What the database server
//! spends is not in it.

use std::sync::Arc;

use futures::future::join_all;
use prosopa_contract::events::DetectionCreated;
use prosopa_events::Outbox;
use prosopa_model::{AccountId, Clock, SystemClock};
use prosopa_store::{
    Database, Migration, affected,
    idempotency::{self, KeyedRequest, Known},
    on_db, query,
};
use uuid::Uuid;

use crate::{edge::Edge, place::Place};

const TABLE: Migration = Migration {
    name: "resources",
    sqlite: "CREATE TABLE resources (id BLOB NOT NULL PRIMARY KEY) STRICT",
    postgres: "CREATE TABLE resources (id UUID NOT NULL, CONSTRAINT \"resources.id\" PRIMARY KEY (id))",
};

const MIGRATIONS: &[Migration] = &[TABLE, prosopa_events::MIGRATION, idempotency::MIGRATION];

const REQUESTS: usize = 4_000;

/// At the same time, as on a server that has work.
const CALLERS: usize = 16;

/// Prints the rows of one backend.
pub(crate) async fn print(place: &Place) {
    let edge = Edge::start(place).await;
    let public = measure(async |caller| edge.call("/api/v1/public", caller).await).await;
    row(place, "through the gateway, public", public, None);
    let free = measure(async |caller| edge.call("/api/v1/free", caller).await).await;
    row(place, "the same with a caller, not metered: the quota is read", free, Some(public));
    let metered = measure(async |caller| edge.call("/api/v1/metered", caller).await).await;
    row(place, "the same, metered: the quota is spent", metered, Some(public));
    drop(edge);
    let (_folder, databases) = place.databases();
    let database = Database::open(&databases.options("cost").unwrap(), MIGRATIONS).await.unwrap();
    let outbox = Outbox::new("bench", database.clone(), Arc::new(SystemClock));
    let alone = measure(async |_| create(&database, None, false).await).await;
    row(place, "a row in a transaction", alone, None);
    let published = measure(async |_| create(&database, Some(&outbox), false).await).await;
    row(place, "the row with an event in the outbox", published, Some(alone));
    let keyed = measure(async |_| create(&database, Some(&outbox), true).await).await;
    row(place, "the row with an event and an Idempotency-Key", keyed, Some(alone));
    database.close().await;
}

async fn create(database: &Database, outbox: Option<&Outbox>, is_keyed: bool) {
    let (id, account_id) = (Uuid::now_v7(), AccountId::new());
    let claim = if is_keyed {
        let request = KeyedRequest::new(account_id, "create", id.as_bytes(), &[b"content"]);
        match idempotency::claim(database, request, SystemClock.now()).await.unwrap() {
            Known::New(claim) => Some(claim),
            _ => None,
        }
    } else {
        None
    };
    let mut tx = database.begin().await.unwrap();
    let insert = "INSERT INTO resources (id) VALUES ($1)";
    on_db!(tx, c => query(insert).bind(id).execute(c).await.map(affected)).unwrap();
    if let Some(outbox) = outbox {
        let event = DetectionCreated {
            detection_id: id.to_string(),
            account_id: account_id.to_string(),
            ..DetectionCreated::default()
        };
        outbox.publish(&mut tx, &event).await.unwrap();
    }
    if let Some(claim) = &claim {
        assert!(idempotency::finish(&mut tx, claim, "done").await.unwrap());
    }
    tx.commit().await.unwrap();
}

/// Processor time of one call, microseconds.
async fn measure(call: impl AsyncFn(usize)) -> f64 {
    // Once without measuring: statements are prepared, counters exist.
    let callers = async |count: usize| {
        let call = &call;
        let caller = |caller| async move {
            for _ in 0..count {
                call(caller).await;
            }
        };
        join_all((0..CALLERS).map(caller)).await;
    };
    callers(1).await;
    let begun = processor_s();
    callers(REQUESTS / CALLERS).await;
    (processor_s() - begun) / REQUESTS as f64 * 1e6
}

/// User and system time of this process, seconds, to a hundredth (proc(5), clock ticks of 10 ms).
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1;
    let ticks: f64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

fn row(place: &Place, request: &str, cost: f64, before: Option<f64>) {
    let more = before.map_or_else(String::new, |before| format!("{:.0}", cost - before));
    println!("| {} | {request} | {cost:.0} | {more} |", place.name);
}
