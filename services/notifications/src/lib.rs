//! What there is to tell an account: the list of all its jobs, whichever service runs them.
//!
//! Knows of jobs only what their services say; changes none.

mod events;
mod http;
mod jobs;
mod service;
mod store;

pub use self::service::{Config, NotificationsService};
