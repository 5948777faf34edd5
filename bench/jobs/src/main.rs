//! How many empty jobs a second go from enqueue to done, each enqueued in a transaction of its own by one of several
//! callers while one worker works. Prints a row of a Markdown table for each backend.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod measure;

use prosopa_store::Options;

#[tokio::main]
async fn main() {
    println!("| backend | jobs/s, enqueue to done | one job, enqueue to done, alone |\n|---|---|---|");
    let folder = tempfile::tempdir().unwrap();
    measure::measure("SQLite, synchronous=FULL", Options::file(folder.path().join("jobs.db"))).await;
    if let Ok(server) = std::env::var("PROSOPA_TEST_POSTGRES") {
        let name = format!("{server}/bench_{}", uuid::Uuid::now_v7().simple());
        measure::measure("PostgreSQL, durable", Options::server(&name).unwrap()).await;
    }
}
