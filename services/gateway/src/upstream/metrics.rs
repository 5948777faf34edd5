//! What is counted of services in other processes, by service.

use prosopa_telemetry::{
    IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Metrics as Registry, MetricsError,
};

use super::circuit::Phase;

/// The families.
pub(crate) struct UpstreamMetrics {
    attempts: IntCounterVec,
    retries: IntCounterVec,
    circuits: IntGaugeVec,
    transitions: IntCounterVec,
    connections: IntGaugeVec,
    websockets: IntGaugeVec,
}

/// Those of one service.
pub(super) struct ServiceMetrics {
    /// Attempts that were answered.
    pub(super) answered: IntCounter,
    /// Attempts that met no service.
    pub(super) unreachable: IntCounter,
    /// Attempts that got no valid answer.
    pub(super) invalid: IntCounter,
    /// Requests that found no free connection in time.
    pub(super) busy: IntCounter,
    /// Requests that met an open circuit.
    pub(super) refused: IntCounter,
    /// Requests that were sent again.
    pub(super) retried: IntCounter,
    /// Requests that would have been sent again, had there been fewer of them.
    pub(super) not_retried: IntCounter,
    /// Open connections.
    pub(super) connections: IntGauge,
    /// Open sockets.
    pub(super) websockets: IntGauge,
}

/// The phase of one service's circuit.
pub(super) struct CircuitMetrics {
    phase: IntGauge,
    closed: IntCounter,
    half_open: IntCounter,
    open: IntCounter,
}

impl UpstreamMetrics {
    /// Declares them.
    pub(crate) fn declare(registry: &Registry) -> Result<Self, MetricsError> {
        Ok(Self {
            attempts: registry.counters(
                "prosopa_gateway_upstream_attempts_total",
                "Attempts to have a request answered by a service in another process, by what became of them",
                &["service", "outcome"],
            )?,
            retries: registry.counters(
                "prosopa_gateway_upstream_retries_total",
                "Requests that were sent again, or were not since there were too many of them",
                &["service", "outcome"],
            )?,
            circuits: registry.gauges(
                "prosopa_gateway_upstream_circuit",
                "Whether a service is left alone: 0 closed, 1 half open, 2 open",
                &["service"],
            )?,
            transitions: registry.counters(
                "prosopa_gateway_upstream_circuit_transitions_total",
                "Changes of the circuit of a service, by its new phase",
                &["service", "phase"],
            )?,
            connections: registry.gauges(
                "prosopa_gateway_upstream_connections",
                "Open connections to a service",
                &["service"],
            )?,
            websockets: registry.gauges(
                "prosopa_gateway_upstream_websockets",
                "Open WebSockets to a service",
                &["service"],
            )?,
        })
    }

    pub(super) fn of_service(&self, service: &str) -> ServiceMetrics {
        let attempts = |outcome| self.attempts.with_label_values(&[service, outcome]);
        let retries = |outcome| self.retries.with_label_values(&[service, outcome]);
        ServiceMetrics {
            answered: attempts("answered"),
            unreachable: attempts("unreachable"),
            invalid: attempts("invalid"),
            busy: attempts("busy"),
            refused: attempts("refused"),
            retried: retries("made"),
            not_retried: retries("too_many"),
            connections: self.connections.with_label_values(&[service]),
            websockets: self.websockets.with_label_values(&[service]),
        }
    }

    pub(super) fn of_circuit(&self, service: &str) -> CircuitMetrics {
        let transitions = |phase| self.transitions.with_label_values(&[service, phase]);
        CircuitMetrics {
            phase: self.circuits.with_label_values(&[service]),
            closed: transitions("closed"),
            half_open: transitions("half_open"),
            open: transitions("open"),
        }
    }
}

impl CircuitMetrics {
    /// Shows the phase there is.
    pub(super) fn show(&self, phase: Phase) {
        self.phase.set(match phase {
            Phase::Closed => 0,
            Phase::HalfOpen => 1,
            Phase::Open { .. } => 2,
        });
    }

    /// Counts a change to another phase, and shows it.
    pub(super) fn note(&self, phase: Phase) {
        let count = match phase {
            Phase::Closed => &self.closed,
            Phase::HalfOpen => &self.half_open,
            Phase::Open { .. } => &self.open,
        };
        count.inc();
        self.show(phase);
    }
}
