//! Pictures and the faces in them: takes a picture, has the engine look at it, keeps both, gives them back to their
//! owner.
//!
//! Knows nothing of networks or credentials.

mod billing;
mod budget;
mod config;
mod detections;
mod documents;
mod erasures;
mod error;
mod events;
mod faces;
mod fetching;
mod http;
mod image_kind;
mod images;
mod jobs;
mod matches;
mod metadata;
mod metrics;
mod models;
mod once;
mod retention;
mod sealed;
mod service;
mod state;
mod store;
mod subjects;
mod sweep;
mod verifications;
mod work;

pub use self::{config::Config, service::DetectionService};
