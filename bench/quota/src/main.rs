//! Quota spends a second through the gateway, beside one UPDATE for each spend; and the processor time that quota, outbox
//! and idempotency cost a request. Prints Markdown tables.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod cost;
mod edge;
mod naive;
mod place;

use place::Place;

/// Callers at the same time.
const CALLERS: [usize; 3] = [1, 16, 256];

#[tokio::main]
async fn main() {
    let places = Place::all();
    println!(
        "| backend | callers | spends/s, gateway | spends/s, one UPDATE each | ratio |\n|---|---|---|---|---|"
    );
    for place in &places {
        for callers in CALLERS {
            let gateway = edge::spends_per_second(place, callers).await;
            let naive = naive::spends_per_second(place, callers).await;
            let ratio = gateway / naive;
            println!("| {} | {callers} | {gateway:.0} | {naive:.0} | {ratio:.1} |", place.name);
        }
    }
    println!(
        "\n| backend | request | processor time, µs | more than the first of its kind, µs |\n|---|---|---|---|"
    );
    for place in &places {
        cost::print(place).await;
    }
}
