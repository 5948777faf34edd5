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

/// The right to one attempt. Dropped without a verdict, it was a failure if its time was over before the service answered,
/// and else nobody knows.
pub(super) struct Attempt<'a> {
    breaker: &'a Breaker,
    pass: Pass,
    /// Once the service is being asked.
    deadline: Option<Instant>,
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

    /// Lets an attempt pass, or tells when to come back.
    pub(super) fn admit(&self) -> Result<Attempt<'_>, Duration> {
        let admitted = self.change(|circuit| circuit.admit(self.clock.elapsed()));
        let pass = admitted.map_err(|wait| wait.unwrap_or(PROBE_WAIT))?;
        Ok(Attempt { breaker: self, pass, deadline: None, verdict: None })
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
    /// The service is asked from now on, and has until `deadline`.
    pub(super) const fn begin(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

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
            let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if is_late { Verdict::Failure } else { Verdict::Unknown }
        });
        let breaker = self.breaker;
        breaker.change(|circuit| circuit.record(self.pass, verdict, breaker.clock.elapsed(), random()));
    }
}
