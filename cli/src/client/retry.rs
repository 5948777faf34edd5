//! When to try again: exponential backoff with jitter, never sooner than the server asks, for a bounded time.

use std::time::Duration;

/// Longest wait that is chosen here, whatever the attempt.
const BACKOFF_LIMIT: Duration = Duration::from_secs(20);
/// No attempt starts later than this after the first.
const TOTAL_LIMIT: Duration = Duration::from_secs(120);

/// How often and when a request is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    retries: u32,
    base: Duration,
}

impl RetryPolicy {
    /// At most so many further attempts; the first wait is about `base`, the next ones double.
    pub(crate) fn new(retries: u32, base: Duration) -> Self {
        Self { retries, base }
    }

    /// Most attempts, the first included.
    pub(crate) fn attempts(&self) -> u32 {
        self.retries + 1
    }

    /// How long to wait after the `attempt`-th failure (from 1), `elapsed` after the first attempt began; `None` to
    /// give up. What the server asks for is a lower bound, with jitter on top so that clients do not return together.
    pub(crate) fn wait(&self, attempt: u32, asked: Option<Duration>, elapsed: Duration) -> Option<Duration> {
        if attempt > self.retries {
            return None;
        }
        let backoff = self.base.saturating_mul(1 << (attempt - 1).min(16)).min(BACKOFF_LIMIT);
        let wait = match asked {
            Some(asked) => asked.saturating_add(backoff.min(asked).mul_f64(rand::random_range(0.0..0.25))),
            None => backoff.mul_f64(rand::random_range(0.5..1.0)),
        };
        (elapsed.saturating_add(wait) <= TOTAL_LIMIT).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { retries: 5, base: Duration::from_millis(100) };

    /// F5: waits double, within jitter of one half, up to their limit.
    #[test]
    fn backoff_doubles_within_its_jitter() {
        for attempt in 1..=5 {
            let full = Duration::from_millis(100 << (attempt - 1));
            let wait = POLICY.wait(attempt, None, Duration::ZERO);
            assert!(wait.is_some_and(|wait| wait >= full / 2 && wait < full), "attempt {attempt}: {wait:?}");
        }
        let long = RetryPolicy { retries: 20, base: Duration::from_secs(10) };
        assert!(long.wait(9, None, Duration::ZERO).is_some_and(|wait| wait <= BACKOFF_LIMIT));
    }

    /// F7: the server's wish is a lower bound, exceeded by a quarter at most.
    #[test]
    fn wait_is_never_shorter_than_the_server_asks() {
        let asked = Duration::from_secs(7);
        for attempt in 1..=5 {
            let wait = POLICY.wait(attempt, Some(asked), Duration::ZERO);
            assert!(wait.is_some_and(|wait| wait >= asked && wait <= asked.mul_f64(1.25)), "{wait:?}");
        }
    }

    /// F5: it ends after the last attempt, and before a wait that would take too long.
    #[test]
    fn retrying_ends() {
        assert_eq!(POLICY.wait(6, None, Duration::ZERO), None);
        assert_eq!(POLICY.wait(1, Some(Duration::from_secs(3_600)), Duration::ZERO), None);
        assert_eq!(POLICY.wait(1, None, TOTAL_LIMIT), None);
    }
}
