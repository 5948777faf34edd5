//! What is counted of all runners of a process, declared once.

use std::time::Duration;

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
                "Events by subscription: applied, repeated, failed, dead, unreadable",
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

/// What is counted of all relays of a process.
#[derive(Clone)]
pub struct RelayMetrics {
    events: IntCounterVec,
    lag: IntGaugeVec,
    age: IntGaugeVec,
}

impl RelayMetrics {
    /// Declares them, once in a process.
    pub fn declare(metrics: &Metrics) -> Result<Self, SetupError> {
        let by_service = &["service"];
        Ok(Self {
            events: metrics.counters(
                "prosopa_events_relayed_total",
                "Events by the service that said them: produced, acknowledged, failed",
                &["service", "outcome"],
            )?,
            lag: metrics.gauges(
                "prosopa_events_relay_lag",
                "Events that the relay of this process has not carried yet; 0 where another one carries them",
                by_service,
            )?,
            age: metrics.gauges(
                "prosopa_events_relay_age_seconds",
                "Age of the oldest of them",
                by_service,
            )?,
        })
    }

    /// Counts events of a service.
    pub(crate) fn count(&self, service: &str, outcome: &str, events: u64) {
        if events > 0 {
            self.events.with_label_values(&[service, outcome]).inc_by(events);
        }
    }

    /// Notes how many events of a service are waiting, and since when the oldest of them has.
    pub(crate) fn set_waiting(&self, service: &str, events: i64, age: Duration) {
        self.lag.with_label_values(&[service]).set(events);
        self.age.with_label_values(&[service]).set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }
}
