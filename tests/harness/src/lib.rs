//! Starts the built product on loopback and talks to it like a stranger.
//!
//! Black box: knows the command line, the ports and the REST interface, no crate of the product.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod balancer;
mod caller;
mod commands;
mod process;
mod product;
mod proxy;
mod suite;

pub use prosopa_testkit::{SeenRecord, TestBroker, TestHome as Home, TestPostgres, TestRedis, Topics};

pub use self::{
    caller::{Answer, Caller, PASSWORD, patiently},
    commands::{binary, model_pack, photo},
    product::{Gateway, Product},
    proxy::Proxy,
    suite::Suite,
};
