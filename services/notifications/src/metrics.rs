//! What this service counts.

use prosopa_telemetry::{IntCounterVec, MetricsError};

/// Counters, declared once.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// By purpose and outcome. When a mail comes: `accepted`, `repeated`, `rejected`; at each attempt to send it: `sent`,
    /// `deferred`, `given_up`, `refused`, `expired`.
    mails: IntCounterVec,
}

impl Metrics {
    /// Declares them.
    pub(crate) fn declare(metrics: &prosopa_telemetry::Metrics) -> Result<Self, MetricsError> {
        let help = "Mails by purpose and outcome";
        let mails = metrics.counters("prosopa_notifications_mails_total", help, &["purpose", "outcome"])?;
        Ok(Self { mails })
    }

    /// Counts one mail.
    pub(crate) fn count_mail(&self, purpose: &str, outcome: &str) {
        self.mails.with_label_values(&[purpose, outcome]).inc();
    }
}
