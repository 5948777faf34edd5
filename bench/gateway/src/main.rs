//! What a request costs the gateway in processor time, beside nginx, `HAProxy` and Caddy: the same trivial service behind each,
//! the same 64 connections in front of each, one worker in each. Prints Markdown tables.
//!
//! The program starts itself again as the service and as the gateway, so that what is measured is a process of its own.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod comparison;
mod gateway;
mod load;
mod peers;
mod processor;
mod service;

use std::{env, future::Future};

use tokio::runtime::Builder;

/// What every key begins with that the gateway and its peers know.
pub(crate) const KEY_PREFIX: &str = "bench-key-of-a-plausible-length-";

/// Keys, each of an account of its own.
pub(crate) const KEYS: usize = 64;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => run(1, comparison::run()),
        ["service"] => run(1, service::run()),
        ["gateway", service] => run(1, gateway::run(service.parse().unwrap())),
        other => panic!("unknown arguments {other:?}"),
    }
}

fn run(threads: usize, work: impl Future<Output = ()>) {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap().block_on(work);
}
