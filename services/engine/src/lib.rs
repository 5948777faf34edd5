//! Inference with Candle: pictures in, faces out.
//!
//! The engine decodes a picture, finds the faces in it, aligns and embeds them, with the networks of one verified
//! model pack. It keeps nothing and knows no account's data; the account id only keeps its queue fair.

mod analysis;
mod config;
pub mod evaluation;
mod hosting;
mod image;
mod kernels;
pub mod mrz;
mod networks;
pub mod pack;
mod pixel_budget;
mod queue;
mod service;

pub use self::{
    config::Config,
    queue::Stats,
    service::{EngineService, Error},
};
