//! The engine through its public door. Most tests need a model pack, named by `PROSOPA_MODEL_PACK`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod bad_input;
mod calibration;
mod documents;
mod encodings;
mod golden;
mod grpc;
mod mrz;
mod orientation;
mod pack;
mod scheduling;
mod support;
mod tiles;
