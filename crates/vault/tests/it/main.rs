//! The vault through the crate's public door, on files and databases of each test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod blobs;
mod bucket;
mod erasure;
mod formats;
mod keyring;
mod rotation;
mod scripted_s3;
mod sealing;
mod subjects;
mod support;
