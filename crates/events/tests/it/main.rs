//! What is promised of events, on the backend of the run.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod conformance;
mod formats;
mod kafka;
mod replay;
mod support;
mod transport;
mod unheard;
