//! The product from outside while its surroundings fail.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod databases;
mod disks;
mod kills;
