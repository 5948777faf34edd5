//! Jobs through the crate's public door, on a database of each test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod calling_off;
mod forgetting;
mod http;
mod leases;
mod machine;
mod queue;
mod retries;
mod schedules;
mod steps;
mod support;
mod upkeep;
mod waiting;
