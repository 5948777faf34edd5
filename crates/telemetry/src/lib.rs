//! Logs, traces and metrics: one start for all of them and one place that names are made.
//!
//! Nothing secret or biometric may reach any of the three; types that hold such things redact their `Debug`.

mod logs;
mod metrics;
mod propagation;

pub use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

pub use self::{
    logs::{Config, LogFormat, StartError, Telemetry},
    metrics::{LATENCY_BUCKETS_SECONDS, Metrics, MetricsError},
    propagation::{continue_trace, current_traceparent},
};
