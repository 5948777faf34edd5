//! What this service counts.

use prosopa_telemetry::{HistogramVec, IntCounterVec, MetricsError};

/// Counters and histograms, declared once.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// By outcome: `created`, `user_name_taken`, `email_taken`, `invalid`, `failed`.
    pub(crate) registrations: IntCounterVec,
    /// By outcome: `accepted`, `refused`, `throttled`, `overloaded`, `failed`.
    pub(crate) logins: IntCounterVec,
    /// By outcome: `rotated`, `refused`, `raced`, `reused`, `failed`.
    pub(crate) refreshes: IntCounterVec,
    /// By outcome: `requested`, then `sent`, `unknown`, `throttled` or `late`; `completed`, `refused`.
    pub(crate) password_resets: IntCounterVec,
    /// By credential (`access_token`, `api_key`, `cookie`) and outcome: `accepted`, `invalid`, `expired`, `forged`,
    /// `unavailable`.
    pub(crate) verifications: IntCounterVec,
    /// By outcome: `begun`, then `completed`, `refused` or `failed`.
    pub(crate) oidc_sign_ins: IntCounterVec,
    /// By kind of work: `hash`, `check`.
    pub(crate) hashing_seconds: HistogramVec,
}

impl Metrics {
    /// Declares them.
    pub(crate) fn declare(metrics: &prosopa_telemetry::Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            registrations: metrics.counters(
                "prosopa_auth_registrations_total",
                "Registrations by outcome",
                &["outcome"],
            )?,
            logins: metrics.counters("prosopa_auth_logins_total", "Logins by outcome", &["outcome"])?,
            refreshes: metrics.counters(
                "prosopa_auth_refreshes_total",
                "Uses of refresh tokens by outcome",
                &["outcome"],
            )?,
            password_resets: metrics.counters(
                "prosopa_auth_password_resets_total",
                "Steps of password resets by outcome",
                &["outcome"],
            )?,
            verifications: metrics.counters(
                "prosopa_auth_verifications_total",
                "Credentials verified, by kind and outcome",
                &["credential", "outcome"],
            )?,
            oidc_sign_ins: metrics.counters(
                "prosopa_auth_oidc_sign_ins_total",
                "Steps of sign-ins with providers by outcome",
                &["outcome"],
            )?,
            hashing_seconds: metrics.latencies(
                "prosopa_auth_password_hashing_seconds",
                "Time to hash or check a password, without waiting",
                &["work"],
            )?,
        })
    }
}
