//! Start, memory, latency and throughput of detections, measured from outside on this machine; with the argument `graph`
//! the product in one process beside the product with each service in a process of its own.
//!
//! Prints Markdown tables; `docs/benchmarks.md` keeps them. A figure is never a test.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails has no result")]

mod graph;
mod load;
mod memory;
mod scenario;

#[tokio::main]
async fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("graph") => graph::run().await,
        _ => scenario::run().await,
    }
}
