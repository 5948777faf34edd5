//! The list of all jobs through the service's public door: events in, pages out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod config;
mod order;
mod retention;
mod support;
