//! What this service counts.

use std::time::Duration;

use prosopa_telemetry::{HistogramVec, IntCounterVec, Metrics as Registry, MetricsError};

/// Counters and histograms, declared once.
#[derive(Clone)]
pub(crate) struct Metrics {
    stages: HistogramVec,
    detections: IntCounterVec,
    faces: IntCounterVec,
}

impl Metrics {
    pub(crate) fn declare(registry: &Registry) -> Result<Self, MetricsError> {
        let stages = registry.latencies(
            "prosopa_detection_stage_seconds",
            "Wall time of each stage of a detection",
            &["stage"],
        )?;
        let detections = registry.counters(
            "prosopa_detection_detections_total",
            "Detections that were made, by whether a face was found",
            &["outcome"],
        )?;
        let faces = registry.counters("prosopa_detection_faces_total", "Faces that were found", &[])?;
        Ok(Self { stages, detections, faces })
    }

    /// Records how long one stage took.
    pub(crate) fn record_stage(&self, stage: &'static str, micros: u64) {
        let seconds = Duration::from_micros(micros).as_secs_f64();
        self.stages.with_label_values(&[stage]).observe(seconds);
    }

    /// Records a stored detection.
    pub(crate) fn record_detection(&self, face_count: usize) {
        let outcome = if face_count == 0 { "no_face" } else { "faces" };
        self.detections.with_label_values(&[outcome]).inc();
        self.faces.with_label_values::<&str>(&[]).inc_by(face_count as u64);
    }
}
