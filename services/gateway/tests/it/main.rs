//! The gateway through its public door: the router that its host serves, and where it matters a real port.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, reason = "tests")]

mod authentication;
mod bodies;
mod browsers;
mod certificates;
mod compression;
mod cors;
mod docs;
mod faults;
mod hardening;
mod harness;
mod leftovers;
mod observation;
mod plans;
mod processes;
mod quota;
mod rates;
mod redis;
mod refunds;
mod remote;
mod restart;
mod routing;
mod signed;
mod site;
mod sockets;
mod specification;
mod upstream;
mod usage;
