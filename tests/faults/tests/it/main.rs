//! The product from outside while its surroundings fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, reason = "tests")]

mod databases;
mod disks;
mod kills;
mod suite;
