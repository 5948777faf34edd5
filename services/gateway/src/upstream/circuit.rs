//! When a service is left alone: the state machine of a circuit breaker, without clock, chance and locks of its own.
//!
//! ```text
//! closed --failures in a row, or a share of them in the window--> open --pause over--> half open, one probe
//!    ^------------------------------ the probe succeeds ------------------------------------|
//!                                      open, twice as long <-------- the probe fails -------|
//! ```
//!
//! A result counts only for the phase in which its request was admitted: what was sent before the circuit opened says
//! nothing about the probe.

use std::time::Duration;

use crate::config::BreakerConfig;

/// Parts of the window, which moves on by one of them at a time.
const BUCKETS: usize = 10;

/// Longest part of a pause that chance adds.
const JITTER_MAX: f64 = 0.25;

/// The phases of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests pass.
    Closed,
    /// One request has passed and decides.
    HalfOpen,
    /// No requests pass until the end of the pause, a monotonic time.
    Open {
        /// That end.
        until: Duration,
    },
}

/// The right of one request to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    /// Phases that have ended before.
    epoch: u64,
}

/// What became of a request that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The service answered.
    Success,
    /// It did not.
    Failure,
    /// Nobody knows: the client went away, or the fault was another's.
    Unknown,
}

/// The state of one circuit. Times are monotonic.
#[derive(Debug)]
pub(super) struct Circuit {
    rules: BreakerConfig,
    phase: Phase,
    epoch: u64,
    failures_in_a_row: u32,
    /// Probes that failed since the circuit was closed.
    failed_probes: u32,
    window: Window,
}

impl Circuit {
    /// A closed one.
    pub(super) fn new(rules: BreakerConfig) -> Self {
        let window = Window::new(Duration::from_secs(u64::from(rules.window_s)));
        Self { rules, phase: Phase::Closed, epoch: 0, failures_in_a_row: 0, failed_probes: 0, window }
    }

    /// Its phase.
    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    /// Lets a request pass, or tells how long to wait; nothing where the probe's answer is waited for.
    pub(super) fn admit(&mut self, now: Duration) -> Result<Pass, Option<Duration>> {
        match self.phase {
            Phase::Closed => {}
            Phase::HalfOpen => return Err(None),
            Phase::Open { until } if now < until => return Err(Some(until - now)),
            Phase::Open { .. } => self.enter(Phase::HalfOpen),
        }
        Ok(Pass { epoch: self.epoch })
    }

    /// Takes note of what became of a request. `chance` is a number from 0 to 1.
    pub(super) fn record(&mut self, pass: Pass, verdict: Verdict, now: Duration, chance: f64) {
        if pass.epoch != self.epoch {
            return;
        }
        match (self.phase, verdict) {
            (Phase::Closed, Verdict::Success) => {
                self.failures_in_a_row = 0;
                self.window.count(now, false);
            }
            (Phase::Closed, Verdict::Failure) => {
                self.failures_in_a_row += 1;
                self.window.count(now, true);
                if self.is_too_bad(now) {
                    self.open(now, chance);
                }
            }
            (Phase::HalfOpen, Verdict::Success) => {
                self.failed_probes = 0;
                self.enter(Phase::Closed);
            }
            (Phase::HalfOpen, Verdict::Failure) => {
                self.failed_probes = self.failed_probes.saturating_add(1);
                self.open(now, chance);
            }
            // The next request is the probe.
            (Phase::HalfOpen, Verdict::Unknown) => self.enter(Phase::Open { until: now }),
            (Phase::Closed, Verdict::Unknown) | (Phase::Open { .. }, _) => {}
        }
    }

    fn is_too_bad(&self, now: Duration) -> bool {
        let BreakerConfig { failures_max, failures_percent, requests_min, .. } = self.rules;
        let (requests, failures) = self.window.sum(now);
        self.failures_in_a_row >= failures_max
            || (requests >= u64::from(requests_min)
                && failures * 100 >= requests * u64::from(failures_percent))
    }

    fn open(&mut self, now: Duration, chance: f64) {
        let longest = Duration::from_millis(self.rules.pause_max_ms);
        let doubled = 2u32.saturating_pow(self.failed_probes);
        let pause = Duration::from_millis(self.rules.pause_ms).saturating_mul(doubled).min(longest);
        let pause = pause + pause.mul_f64(chance.clamp(0.0, 1.0) * JITTER_MAX);
        self.enter(Phase::Open { until: now + pause });
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
        self.failures_in_a_row = 0;
        self.window.clear();
    }
}

/// Requests and failures of the last while.
#[derive(Debug)]
struct Window {
    bucket_len: Duration,
    /// By the number of the bucket since the beginning of time, modulo their count.
    buckets: [Bucket; BUCKETS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    number: u64,
    requests: u64,
    failures: u64,
}

impl Window {
    fn new(len: Duration) -> Self {
        Self { bucket_len: len / BUCKETS as u32, buckets: [Bucket::default(); BUCKETS] }
    }

    fn number(&self, now: Duration) -> u64 {
        u64::try_from(now.as_nanos() / self.bucket_len.as_nanos().max(1)).unwrap_or(u64::MAX)
    }

    fn count(&mut self, now: Duration, is_failure: bool) {
        let number = self.number(now);
        let bucket = &mut self.buckets[(number % BUCKETS as u64) as usize];
        if bucket.number != number {
            *bucket = Bucket { number, ..Bucket::default() };
        }
        bucket.requests += 1;
        bucket.failures += u64::from(is_failure);
    }

    fn sum(&self, now: Duration) -> (u64, u64) {
        let number = self.number(now);
        let is_recent = |bucket: &&Bucket| bucket.number <= number && number - bucket.number < BUCKETS as u64;
        let recent = self.buckets.iter().filter(is_recent);
        recent.fold((0, 0), |(requests, failures), bucket| {
            (requests + bucket.requests, failures + bucket.failures)
        })
    }

    fn clear(&mut self) {
        self.buckets = [Bucket::default(); BUCKETS];
    }
}

#[cfg(test)]
mod tests;
