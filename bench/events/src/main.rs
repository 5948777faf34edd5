//! How long an event takes from its producer to the effect in its consumer, at a steady rate, each in a transaction of its
//! own. Prints a row of a Markdown table for each backend.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod measure;

use prosopa_store::Options;

#[tokio::main]
async fn main() {
    println!("| backend | events/s | p50 | p99 | max |\n|---|---|---|---|---|");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| Options::file(folder.path().join(name));
    measure::measure("SQLite, synchronous=FULL", [file("producer.db"), file("consumer.db")]).await;
    if let Ok(server) = std::env::var("PROSOPA_TEST_POSTGRES") {
        let run = uuid::Uuid::now_v7().simple().to_string();
        let database = |name: &str| Options::server(&format!("{server}/bench_{name}_{run}")).unwrap();
        measure::measure("PostgreSQL, durable", [database("producer"), database("consumer")]).await;
    }
}
