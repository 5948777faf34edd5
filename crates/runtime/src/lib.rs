//! How services become a process: [`Service`], what the process offers them ([`Platform`]) and the [`Host`] that
//! owns ports, tasks and shutdown.
//!
//! Knows the contracts between services, never a service.

mod admin;
mod databases;
mod events;
mod host;
mod listener;
mod platform;
mod service;
mod task;

pub use self::{
    databases::{DatabaseConfig, DatabaseConfigError, Databases},
    events::{JobEvents, Listening},
    host::{Host, HostError, Listeners},
    listener::{ListenerOptions, PeerAddress},
    platform::{DatabaseError, PeerError, Peers, Platform, Upstream},
    service::{BuildError, Parts, Readiness, ReadinessCheck, Schemas, Service},
    task::{Task, TaskEnded, TaskKind},
};
