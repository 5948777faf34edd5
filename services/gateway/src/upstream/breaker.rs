//! The circuit of one service, between the requests that pass it at the same time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::random;
use tokio::time::Instant;

use super::{
    circuit::{Circuit, Pass, Phase, Verdict},
    metrics::CircuitMetrics,
};
use crate::{config::BreakerConfig, monotonic::MonotonicClock};

/// When to come back while a probe is at work.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// Who may call a service that failed.
pub(super) struct Breaker {
    circuit: Mutex<Circuit>,
    clock: Arc<dyn MonotonicClock>,
    service: &'static str,
    metrics: CircuitMetrics,
}

/// The right to one attempt. Dropped without a verdict, it was a failure if its time is over, and else nobody knows.
pub(super) struct Attempt<'a> {
    breaker: &'a Breaker,
    pass: Pass,
    deadline: Instant,
    verdict: Option<Verdict>,
}

impl Breaker {
    pub(super) fn new(
        service: &'static str,
        rules: BreakerConfig,
        clock: Arc<dyn MonotonicClock>,
        metrics: CircuitMetrics,
    ) -> Self {
        metrics.show(Phase::Closed);
        Self { circuit: Mutex::new(Circuit::new(rules)), clock, service, metrics }
    }

    /// Lets an attempt pass that must end by `deadline`, or tells when to come back.
    pub(super) fn admit(&self, deadline: Instant) -> Result<Attempt<'_>, Duration> {
        let admitted = self.change(|circuit| circuit.admit(self.clock.elapsed()));
        let pass = admitted.map_err(|wait| wait.unwrap_or(PROBE_WAIT))?;
        Ok(Attempt { breaker: self, pass, deadline, verdict: None })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        let before = circuit.phase();
        let outcome = change(&mut circuit);
        let after = circuit.phase();
        // Under the lock, or an older phase could be shown last.
        if before != after {
            self.metrics.note(after);
            tracing::warn!(service = self.service, phase = ?after, "the circuit of a service changes");
        }
        outcome
    }
}

impl Attempt<'_> {
    /// The service answered.
    pub(super) fn succeed(mut self) {
        self.verdict = Some(Verdict::Success);
    }

    /// It did not.
    pub(super) fn fail(mut self) {
        self.verdict = Some(Verdict::Failure);
    }

    /// The fault was another's.
    pub(super) fn forget(mut self) {
        self.verdict = Some(Verdict::Unknown);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let verdict = self.verdict.unwrap_or_else(|| {
            if Instant::now() >= self.deadline { Verdict::Failure } else { Verdict::Unknown }
        });
        let breaker = self.breaker;
        breaker.change(|circuit| circuit.record(self.pass, verdict, breaker.clock.elapsed(), random()));
    }
}
