//! What is counted of Redis, in whatever process.

use std::time::Duration;

use prosopa_telemetry::{HistogramVec, IntCounterVec, IntGauge, Metrics, MetricsError};

/// What a server is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Take,
    GiveBack,
    Forget,
    Claim,
    Watch,
}

/// What became of a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// The server refused, or its connection broke.
    Failed,
    /// There was no answer within the deadline.
    Late,
    /// The server was lost before and was not asked.
    Lost,
}

/// The counters.
pub(super) struct RedisMetrics {
    /// Whether the server is there: 1 or 0.
    pub(super) up: IntGauge,
    calls: IntCounterVec,
    seconds: HistogramVec,
}

impl RedisMetrics {
    /// Declares them.
    pub(super) fn declare(registry: &Metrics) -> Result<Self, MetricsError> {
        let up = registry.gauges("prosopa_redis_up", "Whether Redis is there", &[])?;
        Ok(Self {
            up: up.with_label_values::<&str>(&[]),
            calls: registry.counters(
                "prosopa_redis_calls_total",
                "Calls of Redis, by what became of them; whatever was not answered was decided without it",
                &["call", "outcome"],
            )?,
            seconds: registry.latencies(
                "prosopa_redis_call_seconds",
                "Time to the answer of Redis",
                &["call"],
            )?,
        })
    }

    /// Counts a call that was answered.
    pub(super) fn answered(&self, call: Call, time: Duration) {
        self.calls.with_label_values(&[call.label(), "answered"]).inc();
        self.seconds.with_label_values(&[call.label()]).observe(time.as_secs_f64());
    }

    /// Counts one that was not.
    pub(super) fn count(&self, call: Call, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Failed => "failed",
            Outcome::Late => "late",
            Outcome::Lost => "lost",
        };
        self.calls.with_label_values(&[call.label(), outcome]).inc();
    }
}

impl Call {
    const fn label(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::GiveBack => "give_back",
            Self::Forget => "forget",
            Self::Claim => "claim",
            Self::Watch => "watch",
        }
    }
}
