//! Resident memory of one gateway that knows many plans, and whose many keys all have a plan of their own and are all
//! active: each has a kept verification, a rate and two counters that were charged.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "measures, and ends at the first error")]

mod callers;
mod edge;
mod memory;
mod plans;

use std::env;

use crate::{
    edge::Edge,
    memory::{peak_mb, resident_mb},
};

/// Requests in the gateway's hands at a time.
const CONCURRENT: usize = 256;

#[tokio::main]
async fn main() {
    let (plans, keys) = (number("BENCH_PLANS", 10_000), number("BENCH_KEYS", 100_000));
    let folder = tempfile::tempdir().unwrap();
    let platform = edge::platform(folder.path());
    plans::write(&platform, plans, keys).await;
    println!("| | resident MB |\n|---|---|");
    println!("| the program, before it has a gateway | {:.1} |", resident_mb());
    let edge = Edge::start(platform, keys).await;
    println!("| with {plans} plans, given to {keys} keys | {:.1} |", resident_mb());
    edge.call_all(keys, CONCURRENT).await;
    println!("| and each key has called once | {:.1} |", resident_mb());
    edge.call_all(keys, CONCURRENT).await;
    println!("| and once more, its verification kept | {:.1} |", resident_mb());
    println!("| most at any time | {:.1} |", peak_mb());
}

fn number(name: &str, default: usize) -> usize {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}
