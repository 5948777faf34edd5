//! The client commands, from the outside: the built binary against a server on loopback that says what a test wants.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, reason = "tests")]

mod account;
mod binary;
mod clients;
mod detect;
mod detect_many;
mod documents;
mod fake;
mod images;
mod init;
mod interrupt;
mod jobs;
mod keys;
mod matches;
mod output;
mod pictures;
mod results;
mod retry;
mod session;
mod signing;
mod terminal;
mod tls;
mod verifications;
