//! Documents and matches a second, measured from outside on this machine.
//!
//! Prints a Markdown table; `docs/benchmarks.md` keeps it. A figure is never a test.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails has no result")]

mod load;
mod photos;
mod scenario;

#[tokio::main]
async fn main() {
    scenario::run().await;
}
