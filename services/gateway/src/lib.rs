//! The edge of the product: every public request passes through here once.
//!
//! Matches a request against the operation tables of the services behind it, authenticates the caller, holds it to
//! its rate limit and quota, hands the request on with a `Principal` among its extensions, and settles the quota by
//! the answer. Owns the quota ledger, the nonces of signed requests and the documentation pages. Does not know what any operation means, and
//! looks into bodies only where the request log is told to have some.

mod authentication;
mod bodies;
mod config;
mod csrf;
mod docs;
mod edge;
mod error;
mod exchange;
mod front;
mod headers;
mod http;
mod ledger;
mod metrics;
mod monotonic;
mod nonces;
mod plans;
mod rate_limit;
mod rates;
mod routes;
mod service;
mod signatures;
mod site;
mod store;
mod upstream;
mod usage;

pub use self::{
    config::{
        BreakerConfig, Config, ConfigError, Cors, LoggedBodies, OnLedgerLoss, Plan, Rate, RequestLog,
        RetryConfig, UpstreamConfig,
    },
    monotonic::{MonotonicClock, SystemMonotonicClock},
    service::GatewayService,
    store::MIGRATIONS,
};
