//! Starts the built product on loopback and talks to it like a stranger.
//!
//! Black box: knows the command line, the ports and the REST interface, no crate of the product.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod caller;
mod process;
mod product;
mod proxy;

pub use prosopa_testkit::{TestHome as Home, TestRedis};

pub use self::{
    caller::{Answer, Caller, PASSWORD, patiently},
    product::{Gateway, Product, binary, model_pack, photo},
    proxy::Proxy,
};
