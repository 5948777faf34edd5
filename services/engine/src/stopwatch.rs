//! Wall time and processor time of stages.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Measures on one thread.
pub(crate) struct Stopwatch {
    wall: Instant,
    processor_us: u64,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), processor_us: thread_processor_us() }
    }

    /// Wall time since the start, microseconds.
    pub(crate) fn wall_us(&self) -> u64 {
        u64::try_from(self.wall.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Processor time of this thread since the start, microseconds.
    pub(crate) fn processor_us(&self) -> u64 {
        thread_processor_us().saturating_sub(self.processor_us)
    }
}

fn thread_processor_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds * 1_000_000 + nanoseconds / 1_000
}
