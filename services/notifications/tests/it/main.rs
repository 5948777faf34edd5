//! The service through its public door: events in and pages out; mail in, and out by a mail server or into the outbox.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod config;
mod follow;
mod mail;
mod order;
mod retention;
mod support;
mod upgrade;
