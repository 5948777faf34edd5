//! What the gateway counts. Labels are bounded: operations, methods it knows, statuses, problem codes.

use prosopa_telemetry::{
    HistogramVec, IntCounter, IntCounterVec, IntGauge, Metrics as Registry, MetricsError,
};

use crate::upstream::UpstreamMetrics;

/// Label of requests that match no operation.
pub(crate) const UNMATCHED: &str = "unmatched";

/// Label of requests for files of the web application.
pub(crate) const STATIC: &str = "static";

/// Label of questions whether a page of another site may send a request.
pub(crate) const PREFLIGHT: &str = "preflight";

/// What the spool counts.
#[derive(Clone)]
pub(crate) struct SpoolMetrics {
    /// Requests of which nothing is told: the disk is full.
    pub(crate) lost: IntCounter,
    /// Records that were published.
    pub(crate) published: IntCounter,
}

/// The gateway's counters and histograms.
pub(crate) struct Metrics {
    /// Requests by operation, method and status; `aborted` where the client went away.
    pub(crate) requests: IntCounterVec,
    /// Time from head to head, by operation.
    pub(crate) seconds: HistogramVec,
    /// Requests that are being answered.
    pub(crate) in_flight: IntGauge,
    /// Requests that the gateway refused, by problem code.
    pub(crate) rejections: IntCounterVec,
    /// Transactions of the quota ledger; many reservations share one.
    pub(crate) ledger_transactions: IntCounter,
    /// Metered requests that met a failing ledger, by what became of them.
    pub(crate) ledger_losses: IntCounterVec,
    /// Requests that a limit in shadow mode would have refused, by plan and limit.
    pub(crate) shadow_refusals: IntCounterVec,
    /// Requests of callers whose plan is not known here.
    pub(crate) missing_plans: IntCounter,
    /// What becomes of records of usage.
    pub(crate) usage: SpoolMetrics,
    /// Signatures of requests, by what became of them.
    pub(crate) signatures: IntCounterVec,
    /// What becomes of requests to services in other processes.
    pub(crate) upstreams: UpstreamMetrics,
}

impl Metrics {
    /// Declares them.
    pub(crate) fn declare(registry: &Registry) -> Result<Self, MetricsError> {
        let in_flight =
            registry.gauges("prosopa_gateway_requests_in_flight", "Requests that are being answered", &[])?;
        let ledger_transactions = registry.counters(
            "prosopa_gateway_ledger_transactions_total",
            "Transactions of the quota ledger; many reservations share one",
            &[],
        )?;
        let missing_plans = registry.counters(
            "prosopa_gateway_missing_plans_total",
            "Requests of callers whose plan is not known here; the default one holds",
            &[],
        )?;
        let usage = registry.counters(
            "prosopa_gateway_usage_records_total",
            "Records of requests, by what became of them",
            &["outcome"],
        )?;
        Ok(Self {
            requests: registry.counters(
                "prosopa_gateway_requests_total",
                "Requests by operation, method and status",
                &["operation", "method", "status"],
            )?,
            seconds: registry.latencies(
                "prosopa_gateway_request_seconds",
                "Time from a request's head to its answer's head",
                &["operation"],
            )?,
            in_flight: in_flight.with_label_values::<&str>(&[]),
            rejections: registry.counters(
                "prosopa_gateway_rejections_total",
                "Requests refused at the gateway, by problem code",
                &["reason"],
            )?,
            ledger_transactions: ledger_transactions.with_label_values::<&str>(&[]),
            ledger_losses: registry.counters(
                "prosopa_gateway_ledger_losses_total",
                "Metered requests that met a failing ledger, by what became of them",
                &["outcome"],
            )?,
            shadow_refusals: registry.counters(
                "prosopa_gateway_shadow_refusals_total",
                "Requests that a limit in shadow mode would have refused, by plan and limit",
                &["plan", "limit"],
            )?,
            missing_plans: missing_plans.with_label_values::<&str>(&[]),
            usage: SpoolMetrics {
                lost: usage.with_label_values(&["lost"]),
                published: usage.with_label_values(&["published"]),
            },
            upstreams: UpstreamMetrics::declare(registry)?,
            signatures: registry.counters(
                "prosopa_gateway_signatures_total",
                "Signed requests, by what became of their signatures",
                &["outcome"],
            )?,
        })
    }
}
