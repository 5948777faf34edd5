//! Time that only goes forward: what rates are measured with. The wall clock may be set back; this may not.

use std::time::{Duration, Instant};

/// Source of monotonic time.
pub trait MonotonicClock: Send + Sync + 'static {
    /// Time since some fixed moment before the first call.
    fn elapsed(&self) -> Duration;
}

/// The operating system's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemMonotonicClock {
    origin: Instant,
}

impl SystemMonotonicClock {
    /// Begins at zero.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }
}

impl MonotonicClock for SystemMonotonicClock {
    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}
