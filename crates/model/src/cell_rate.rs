//! How fast things may follow each other: the generic cell rate algorithm (ITU-T I.371, virtual scheduling), without a place
//! where anything is kept.

use std::time::Duration;

/// One cell every interval in the long run, and as many at once as fit into the depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRate {
    interval_ns: u64,
    depth_ns: u64,
}

/// What becomes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Whether it counts; one that comes too early changes nothing.
    pub is_admitted: bool,
    /// How far the cells are ahead of the time with this one, longer than the depth where it is not admitted.
    pub ahead: Duration,
}

impl CellRate {
    /// A cell every `interval`, and `burst` cells at once.
    pub fn new(interval: Duration, burst: u32) -> Self {
        let interval_ns = nanos(interval).max(1);
        Self { interval_ns, depth_ns: interval_ns.saturating_mul(u64::from(burst.max(1))) }
    }

    /// Time that one cell takes.
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval_ns)
    }

    /// Time that cells may be ahead.
    pub const fn depth(&self) -> Duration {
        Duration::from_nanos(self.depth_ns)
    }

    /// Decides about a cell that comes while those before are so far ahead.
    pub fn take(&self, ahead: Duration) -> Cell {
        let ahead_ns = nanos(ahead);
        // What a slower rate has left behind is more than this one would ever have let pass: one cell is left.
        let ahead_ns = if ahead_ns > self.depth_ns { self.depth_ns - self.interval_ns } else { ahead_ns };
        let next_ns = ahead_ns + self.interval_ns;
        Cell { is_admitted: next_ns <= self.depth_ns, ahead: Duration::from_nanos(next_ns) }
    }

    /// Cells that may follow at once while those before are so far ahead.
    pub fn remaining(&self, ahead: Duration) -> u32 {
        let left_ns = self.depth_ns.saturating_sub(nanos(ahead));
        u32::try_from(left_ns / self.interval_ns).unwrap_or(u32::MAX)
    }
}

/// Enough for 584 years.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Duration = Duration::from_millis(100);

    #[test]
    fn a_burst_is_followed_by_one_cell_an_interval() {
        let rate = CellRate::new(TENTH, 3);
        let mut ahead = Duration::ZERO;
        for count in 1..=3 {
            let cell = rate.take(ahead);
            assert_eq!(cell, Cell { is_admitted: true, ahead: TENTH * count });
            ahead = cell.ahead;
            assert_eq!(rate.remaining(ahead), 3 - count);
        }
        assert!(!rate.take(ahead).is_admitted);
        assert!(!rate.take(ahead - TENTH + Duration::from_nanos(1)).is_admitted);
        assert!(rate.take(ahead - TENTH).is_admitted);
    }

    #[test]
    fn who_came_at_a_slower_rate_has_one_cell() {
        let rate = CellRate::new(TENTH, 3);
        let cell = rate.take(Duration::from_secs(60));
        assert_eq!(cell, Cell { is_admitted: true, ahead: TENTH * 3 });
    }
}
