//! What is counted of connections.

use prosopa_telemetry::{IntCounterVec, IntGauge, IntGaugeVec, Metrics, MetricsError};

/// Declared once for all listeners of a process; labels are the listener's name and a fixed reason.
#[derive(Clone)]
pub(crate) struct ListenerMetrics {
    open: IntGaugeVec,
    cut: IntCounterVec,
    reloads: IntCounterVec,
    expiry: IntGaugeVec,
}

impl ListenerMetrics {
    /// Declares them.
    pub(crate) fn declare(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            open: metrics.gauges("prosopa_runtime_connections", "Open connections", &["listener"])?,
            cut: metrics.counters(
                "prosopa_runtime_connections_cut_total",
                "Connections that were refused or ended for what the client did",
                &["listener", "reason"],
            )?,
            reloads: metrics.counters(
                "prosopa_runtime_tls_reloads_total",
                "Changed certificate files that were read",
                &["listener", "outcome"],
            )?,
            expiry: metrics.gauges(
                "prosopa_runtime_tls_certificate_expiry_timestamp_seconds",
                "When the certificate ends, seconds since the epoch",
                &["listener"],
            )?,
        })
    }

    pub(super) fn open(&self, listener: &str) -> Open {
        let gauge = self.open.with_label_values(&[listener]);
        gauge.inc();
        Open(gauge)
    }

    pub(super) fn cut(&self, listener: &str, reason: &str) {
        self.cut.with_label_values(&[listener, reason]).inc();
    }

    pub(super) fn reloaded(&self, listener: &str, outcome: &str) {
        self.reloads.with_label_values(&[listener, outcome]).inc();
    }

    pub(super) fn certificate(&self, listener: &str, expires_at: i64) {
        self.expiry.with_label_values(&[listener]).set(expires_at);
    }
}

/// One open connection.
pub(super) struct Open(IntGauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
