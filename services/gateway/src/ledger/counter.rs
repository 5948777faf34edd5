//! What one holder has spent in one window.

use std::{sync::Once, time::Duration};

use prosopa_model::{QuotaWindow, Timestamp};

/// How far the clock may be set back without reopening a window; a window that begins later than that after now was
/// opened by a clock that was wrong.
const SETBACK_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What was spent from one moment on: in a calendar window, or in one part of a sliding one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Beginning.
    pub(crate) starts_at: Timestamp,
    /// Units.
    pub(crate) used: u64,
}

/// What counts of a window at one moment, in order of time; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    parts: Vec<Part>,
}

impl Counter {
    /// The counter as it counts at `now`, of all that is stored; also what counts no more.
    ///
    /// A clock that was set back by at most a day goes on where it was when something was spent last: it reopens no window, and
    /// counts nothing again that was over then. What begins later still is not waited for, which could take years. A sliding
    /// window keeps each part until its last moment is out of the window, so it never counts too little.
    pub(crate) fn at(window: &QuotaWindow, stored: &[Part], now: Timestamp) -> (Self, Vec<Part>) {
        let is_ahead = |part: &&Part| part.starts_at > now.after(SETBACK_MAX);
        if let Some(ahead) = stored.iter().find(is_ahead) {
            warn_of_clock(ahead.starts_at, now);
        }
        let latest = stored.iter().filter(|part| !is_ahead(part)).map(|part| part.starts_at).max();
        let current = Part { starts_at: window.around(now).0.max(latest.unwrap_or(Timestamp::MIN)), used: 0 };
        let counts = |part: &Part| {
            let ends_at = window.around(part.starts_at).1.after(window.lasts());
            !is_ahead(&part) && current.starts_at < ends_at
        };
        let (mut parts, mut over): (Vec<Part>, Vec<Part>) = stored.iter().partition(|part| counts(part));
        parts.sort_unstable_by_key(|part| part.starts_at);
        if matches!(window, QuotaWindow::Sliding { .. }) {
            if parts.last().is_none_or(|last| last.starts_at < current.starts_at) {
                parts.push(current);
            }
        } else {
            let latest = parts.pop().unwrap_or(current);
            over.append(&mut parts);
            parts.push(latest);
        }
        (Self { parts }, over)
    }

    /// Units that count.
    pub(crate) fn used(&self) -> u64 {
        self.parts.iter().fold(0, |used, part| used.saturating_add(part.used))
    }

    /// Spends, and says in which part.
    pub(crate) fn spend(&mut self, amount: u64) -> Timestamp {
        let Some(last) = self.parts.last_mut() else { return Timestamp::MIN };
        last.used = last.used.saturating_add(amount);
        last.starts_at
    }

    /// Takes back what was spent in a part that still counts.
    pub(crate) fn take_back(&mut self, starts_at: Timestamp, amount: u64) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.starts_at == starts_at) {
            part.used = part.used.saturating_sub(amount);
        }
    }

    /// The part with this beginning.
    pub(crate) fn part(&self, starts_at: Timestamp) -> Option<Part> {
        self.parts.iter().copied().find(|part| part.starts_at == starts_at)
    }

    /// When what was spent first counts no more.
    pub(crate) fn resets_at(&self, window: &QuotaWindow) -> Timestamp {
        let oldest = self.parts.iter().find(|part| part.used > 0).or(self.parts.last());
        oldest.map_or(Timestamp::MIN, |part| window.around(part.starts_at).1.after(window.lasts()))
    }

    /// How long the window is, seconds.
    pub(crate) fn window_s(&self, window: &QuotaWindow) -> u64 {
        let Some(last) = self.parts.last() else { return 0 };
        let (start, end) = window.around(last.starts_at);
        if window.lasts().is_zero() { end.since(start).as_secs() } else { window.lasts().as_secs() }
    }
}

/// Says once that the clock was wrong: every holder that was charged meanwhile is met with this.
fn warn_of_clock(starts_at: Timestamp, now: Timestamp) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(%starts_at, %now, "quotas were counted by a clock far ahead; their windows begin anew");
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prosopa_model::Zone;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn used(window: &QuotaWindow, starts_at: Timestamp, now: &str) -> u64 {
        Counter::at(window, &[Part { starts_at, used: 7 }], time(now)).0.used()
    }

    const DAY: QuotaWindow = QuotaWindow::Day(Zone::UTC);

    #[test]
    fn a_clock_set_back_over_midnight_reopens_nothing() {
        let starts_at = time("2026-03-02T00:00:00Z");
        assert_eq!(used(&DAY, starts_at, "2026-03-01T23:59:59Z"), 7);
        assert_eq!(used(&DAY, starts_at, "2026-03-03T00:00:00Z"), 0);
    }

    #[test]
    fn a_clock_that_was_far_ahead_freezes_nothing() {
        let month = QuotaWindow::Month(Zone::UTC);
        for window in [DAY, month, QuotaWindow::Sliding { seconds: 60 }] {
            let (start, _) = window.around(time("2031-01-01T00:00:00Z"));
            let now = time("2026-03-10T12:00:00Z");
            let (counter, over) = Counter::at(&window, &[Part { starts_at: start, used: 100 }], now);
            assert_eq!((counter.used(), over.len()), (0, 1));
            assert_eq!(counter.parts, [Part { starts_at: window.around(now).0, used: 0 }]);
        }
    }

    /// A day, to the microsecond.
    #[test]
    fn windows_of_the_next_day_go_on() {
        let starts_at = time("2026-04-01T00:00:00Z");
        for window in [DAY, QuotaWindow::Month(Zone::UTC)] {
            assert_eq!(used(&window, starts_at, "2026-03-31T00:00:00Z"), 7);
            assert_eq!(used(&window, starts_at, "2026-03-30T23:59:59.999999Z"), 0);
        }
    }

    #[test]
    fn taking_back_changes_only_the_part_it_was_spent_in() {
        let (mut counter, _) = Counter::at(&DAY, &[], time("2026-03-01T12:00:00Z"));
        let start = counter.spend(5);
        counter.take_back(time("2026-02-28T00:00:00Z"), 2);
        assert_eq!(counter.used(), 5);
        counter.take_back(start, 9);
        assert_eq!(counter.used(), 0);
        assert_eq!(counter.resets_at(&DAY), time("2026-03-02T00:00:00Z"));
    }

    proptest! {
        /// N8: a sliding window never forgets what was spent within it, and forgets it at most two sixtieths (of whole
        /// seconds) later; one, where it is a multiple of them.
        #[test]
        fn sliding_windows_count_what_is_within(
            seconds in 1..100_000_u32,
            spends in proptest::collection::vec((0..200_000_000_000_i64, 1..9_u64), 0..20),
        ) {
            let window = QuotaWindow::Sliding { seconds };
            let width = i64::from(seconds.div_ceil(60)) * 1_000_000;
            let length = i64::from(seconds) * 1_000_000;
            let mut spends = spends;
            spends.sort_unstable();
            let mut stored: Vec<Part> = Vec::new();
            for (index, (now, amount)) in spends.iter().enumerate() {
                let (mut counter, _) = Counter::at(&window, &stored, Timestamp::from_micros(*now));
                let within = |span: i64| spends[..index].iter().filter(|(then, _)| then + span > *now).map(|(_, amount)| amount).sum::<u64>();
                let late = if length % width == 0 { width } else { 2 * width };
                prop_assert!(within(length) <= counter.used() && counter.used() <= within(length + late));
                counter.spend(*amount);
                stored = counter.parts;
            }
        }
    }
}
