//! Mail: accepted, sent, tried again, given up.

mod acceptance;
mod configuration;
mod outbox;
mod post_office;
mod readiness;
mod secrecy;
mod sending;
mod server;
mod tls;
