//! Bytes that nobody meant, for everything that reads what strangers send: signatures, cookies, preferences, keys, queries.
//!
//! Each target gets an equal share of `FUZZ_SECONDS` (600). Inputs are samples that were changed at random; one that made a
//! target say something new becomes a sample itself. The compiler of the product is enough for it, so there is no coverage
//! to follow. `FUZZ_SEED` repeats a run; `FUZZ_TARGET` picks one target. It ends with 1 where a target panicked, broke its
//! promise or took longer than a second, and prints the input as a Rust byte string.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a run that cannot go on has failed"
)]

mod head;
mod mutation;
mod run;
mod session;
mod targets;

use std::process::ExitCode;

fn main() -> ExitCode {
    session::run()
}
