//! What a request costs the gateway in processor time, beside nginx, `HAProxy` and Caddy: the same trivial service behind
//! each, 64 connections in front, one worker in each. Prints Markdown tables. It starts itself again as the service and as the
//! gateway, each a process of its own; with `instructions PREFIX COUNT` it makes so many requests within itself.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod comparison;
mod gateway;
mod instructions;
mod keys;
mod load;
mod peers;
mod processor;
mod service;

use std::{env, future::Future};

use mimalloc::MiMalloc;
use tokio::runtime::Builder;

/// As in the product.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => run(comparison::run()),
        ["service"] => run(service::run()),
        ["gateway", service] => run(gateway::run(service.parse().unwrap())),
        ["instructions", prefix, count] => {
            run(instructions::run((*prefix).to_owned(), count.parse().unwrap()))
        }
        other => panic!("unknown arguments {other:?}"),
    }
}

fn run(work: impl Future<Output = ()>) {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(work);
}
