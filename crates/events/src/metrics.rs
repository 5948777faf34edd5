//! What is counted of all runners of a process, declared once.

use prosopa_telemetry::{IntCounterVec, IntGaugeVec, Metrics, MetricsError};

/// What is counted of all runners of a process.
#[derive(Clone)]
pub struct RunnerMetrics {
    events: IntCounterVec,
    lag: IntGaugeVec,
}

/// What is counted cannot be declared.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(#[from] MetricsError);

impl RunnerMetrics {
    /// Declares them, once in a process.
    pub fn declare(metrics: &Metrics) -> Result<Self, SetupError> {
        let labels = &["subscription", "outcome"];
        Ok(Self {
            events: metrics.counters(
                "prosopa_events_handled_total",
                "Events by subscription: applied, repeated, failed, dead",
                labels,
            )?,
            lag: metrics.gauges(
                "prosopa_events_lag",
                "Events that a subscription has not had yet",
                &["subscription"],
            )?,
        })
    }

    /// Counts events of a subscription and producer.
    pub(crate) fn count(&self, name: &str, outcome: &str, events: u64) {
        if events > 0 {
            self.events.with_label_values(&[name, outcome]).inc_by(events);
        }
    }

    /// Notes how many events are waiting for a subscription.
    pub(crate) fn set_lag(&self, name: &str, events: i64) {
        self.lag.with_label_values(&[name]).set(events);
    }
}
