//! The product from outside: what users do and what bad input gets. Every test has a product or an account of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod accounts;
mod apart;
mod authorization;
mod backup;
mod clients;
mod command_line;
mod conformance;
mod cookies;
mod credentials;
mod dead_letters;
mod deployment;
mod documentation;
mod edge;
mod faces;
mod google;
mod identity;
mod identity_checks;
mod images;
mod internal_tls;
mod jobs;
mod limits;
mod live_sockets;
mod matches;
mod migrations;
mod orientations;
mod papers;
mod pictures;
mod process;
mod shared_rates;
mod signing;
mod smuggling;
mod sockets;
mod telemetry;
mod tls;
