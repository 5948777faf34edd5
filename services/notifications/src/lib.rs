//! What there is to tell an account: the list of all its jobs, whichever service runs them.
//!
//! Knows of jobs only what their services say; changes none.

mod config;
mod events;
mod http;
mod jobs;
mod service;
mod store;
mod sweep;

pub use self::{
    config::{Config, ConfigError},
    service::NotificationsService,
};
