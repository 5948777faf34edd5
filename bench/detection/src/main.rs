//! Start, memory, latency and throughput of detections, measured from outside on this machine.
//!
//! Prints one Markdown table; `docs/benchmarks.md` keeps it. A figure is never a test.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails has no result")]

mod load;
mod memory;
mod scenario;

#[tokio::main]
async fn main() {
    scenario::run().await;
}
