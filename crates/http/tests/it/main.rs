//! The HTTP kit through the crate's public door.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod signatures;
