//! Inference: pictures in, faces and text out.
//!
//! The engine decodes a picture, finds the faces in it, aligns and embeds them, or reads the document that it shows, with
//! the networks of one verified model pack. It keeps nothing and knows no account's data; the account id only keeps its queue fair.

mod analysis;
mod config;
mod document;
pub mod evaluation;
mod hosting;
mod image;
mod intake;
mod kernels;
pub mod mrz;
mod networks;
pub mod pack;
mod pixel_budget;
mod queue;
mod service;
mod stopwatch;
mod text;

pub use self::{
    config::Config,
    queue::Stats,
    service::{EngineService, Error},
};
