//! The scheduler's counters and its guess of how long a refused caller should wait.

/// Service time assumed before the first picture is done, microseconds.
const SERVICE_US_FIRST: u64 = 100_000;
/// Weight of the newest service time in the moving mean: one in so many.
const SERVICE_SHARE: u64 = 8;
const RETRY_AFTER_MS_MIN: u64 = 50;
const RETRY_AFTER_MS_MAX: u64 = 30_000;

/// A snapshot of the scheduler.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Pictures waiting now.
    pub queued: u64,
    /// Pictures being worked on now.
    pub running: u64,
    /// Pictures that were worked on, whatever came of it.
    pub completed: u64,
    /// Pictures refused as `Overloaded`.
    pub refused: u64,
    /// Pictures dropped from the queue because their caller went away.
    pub abandoned: u64,
    /// Wall time that workers spent on pictures, microseconds.
    pub busy_us: u64,
}

pub(super) struct Counters {
    totals: Stats,
    service_us: u64,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self { totals: Stats::default(), service_us: SERVICE_US_FIRST }
    }

    pub(super) fn begin(&mut self) {
        self.totals.running += 1;
    }

    pub(super) fn finish(&mut self, service_us: u64) {
        self.totals.running -= 1;
        self.totals.completed += 1;
        self.totals.busy_us += service_us;
        self.service_us = (self.service_us * (SERVICE_SHARE - 1) + service_us) / SERVICE_SHARE;
    }

    pub(super) fn abandon(&mut self, count: usize) {
        self.totals.abandoned += count as u64;
    }

    /// Counts a refusal; answers when half of what waits now will be done, milliseconds.
    pub(super) fn refuse(&mut self, queued: usize, workers: usize) -> u64 {
        self.totals.refused += 1;
        let ahead = (queued as u64 + self.totals.running).div_ceil(2);
        let wait_ms = ahead * self.service_us / workers.max(1) as u64 / 1_000;
        wait_ms.clamp(RETRY_AFTER_MS_MIN, RETRY_AFTER_MS_MAX)
    }

    pub(super) fn snapshot(&self, queued: usize) -> Stats {
        Stats { queued: queued as u64, ..self.totals }
    }
}
