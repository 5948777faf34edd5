//! When recurring jobs are due. Arithmetic only; UTC.

use std::time::Duration;

use prosopa_model::Timestamp;

/// A last due time that lies further ahead than this (or than a period) was made by a clock that was wrong.
const TRUSTED_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// A job that is enqueued again and again: one for each due time, however many processes there are.
///
/// Due times that passed while no process ran become one job.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Its name; unique in the service.
    pub name: &'static str,
    /// Kind of its jobs, whose input is empty.
    pub kind: &'static str,
    /// When.
    pub recurrence: Recurrence,
}

/// Due times: every multiple of a period since 1970-01-01T00:00:00Z, plus an offset.
#[derive(Debug, Clone, Copy)]
pub struct Recurrence {
    /// Time between two due times; at least one second.
    pub period: Duration,
    /// Where in the period.
    pub offset: Duration,
}

impl Recurrence {
    /// Every so often.
    pub const fn every(period: Duration) -> Self {
        Self { period, offset: Duration::ZERO }
    }

    /// Once a day at this time, UTC.
    pub const fn daily_at(hour: u32, minute: u32) -> Self {
        let offset = Duration::from_secs(hour as u64 * 3_600 + minute as u64 * 60);
        Self { period: Duration::from_secs(24 * 60 * 60), offset }
    }

    /// The first due time behind `time`.
    pub fn next_after(&self, time: Timestamp) -> Timestamp {
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let (period, offset) = (micros(self.period).max(1), micros(self.offset));
        let periods = time.micros().saturating_sub(offset).div_euclid(period).saturating_add(1);
        Timestamp::from_micros(periods.saturating_mul(period).saturating_add(offset))
    }

    /// The due time that is to be waited for now, when `last` was the last one that was enqueued.
    ///
    /// A clock that was set back does not make a due time come twice; one that was wrong by more than a day (or a
    /// period) does not make the schedule wait for it.
    pub fn next_due(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let trusted = now.after(self.period.max(TRUSTED_AHEAD));
        self.next_after(last.filter(|last| *last <= trusted).map_or(now, |last| last.max(now)))
    }
}
