//! What tests share: a platform on a throw-away folder, a clock that is set by hand, a scripted engine, requests,
//! and (with the feature `papers`) synthetic identity documents.
//!
//! A development dependency only; nothing here is part of the product.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod accounts;
mod blobs;
mod broker;
mod clock;
mod databases;
mod engine;
mod exchange;
mod files;
mod log;
#[cfg(feature = "papers")]
pub mod papers;
mod platform;
mod postgres;
mod redis;
mod server;

pub use self::{
    accounts::ScriptedAccounts,
    blobs::TestBlobs,
    broker::{SeenRecord, TestBroker, Topics},
    clock::ManualClock,
    databases::TestDatabases,
    engine::{ScriptedEngine, analysis_of, calibration},
    exchange::{Received, send},
    files::contains_anywhere,
    log::{keep_log, take_log},
    platform::{TestHome, TestPlatform, principal_of},
    postgres::TestPostgres,
    redis::TestRedis,
};
