//! How long each stage of a detection took.

use std::time::Instant;

use serde::Serialize;
use utoipa::ToSchema;

use prosopa_contract::engine::StageTimings;

use crate::state::State;

/// Wall time of each stage, microseconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Timings {
    /// Waiting for the engine, and for memory to decode into.
    pub(crate) queue_us: u64,
    /// Decoding the picture.
    pub(crate) decode_us: u64,
    /// Finding the faces.
    pub(crate) detect_us: u64,
    /// Landmarks and alignment.
    pub(crate) align_us: u64,
    /// Embeddings.
    pub(crate) embed_us: u64,
    /// Writing picture and result.
    pub(crate) store_us: u64,
    /// Processor time on the engine's device.
    pub(crate) device_us: u64,
    /// From the whole request to the answer.
    pub(crate) total_us: u64,
}

impl Timings {
    pub(super) fn new(engine: &StageTimings, store_began: Instant, began: Instant) -> Self {
        let micros_since =
            |instant: Instant| u64::try_from(instant.elapsed().as_micros()).unwrap_or(u64::MAX);
        Self {
            queue_us: engine.queue_us,
            decode_us: engine.decode_us,
            detect_us: engine.detect_us,
            align_us: engine.align_us,
            embed_us: engine.embed_us,
            store_us: micros_since(store_began),
            device_us: engine.device_us,
            total_us: micros_since(began),
        }
    }

    pub(super) fn record(&self, state: &State) {
        let stages = [
            ("queue", self.queue_us),
            ("decode", self.decode_us),
            ("detect", self.detect_us),
            ("align", self.align_us),
            ("embed", self.embed_us),
            ("store", self.store_us),
            ("total", self.total_us),
        ];
        for (stage, micros) in stages {
            state.metrics.record_stage(stage, micros);
        }
    }
}
