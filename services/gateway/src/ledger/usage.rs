//! The counters of one account.

use std::{sync::Once, time::Duration};

use prosopa_model::{QuotaSnapshot, QuotaWindow, Timestamp, WindowUse};

use crate::plan::{DefaultPlan, Limits};

/// How far the clock may be set back without reopening a window; a window that begins later than that after now was
/// opened by a clock that was wrong.
const SETBACK_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What one account has spent in its current windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// The calendar day.
    pub(crate) day: Counter,
    /// The calendar month.
    pub(crate) month: Counter,
}

/// What was spent in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counter {
    /// Beginning of the window.
    pub(crate) starts_at: Timestamp,
    /// End of the window, exclusive.
    pub(crate) resets_at: Timestamp,
    /// Metered requests.
    pub(crate) used: u64,
}

impl Counter {
    /// An empty counter of the window around `time`.
    pub(crate) fn empty(window: QuotaWindow, time: Timestamp) -> Self {
        let (starts_at, resets_at) = window.around(time);
        Self { starts_at, resets_at, used: 0 }
    }

    /// The counter as it counts at `now`.
    ///
    /// A clock that was set back by at most a day does not reopen a window: the later one goes on. One that begins
    /// later still is not waited for, which could take years; the window around `now` begins empty.
    pub(crate) fn at(self, window: QuotaWindow, now: Timestamp) -> Self {
        if now >= self.resets_at {
            return Self::empty(window, now);
        }
        if self.starts_at > now.after(SETBACK_MAX) {
            warn_of_clock(self.starts_at, now);
            return Self::empty(window, now);
        }
        self
    }

    const fn with_used(self, used: u64) -> Self {
        Self { used, ..self }
    }
}

impl Usage {
    /// Nothing spent in the windows around `time`.
    pub(crate) fn empty(time: Timestamp) -> Self {
        Self { day: Counter::empty(QuotaWindow::Day, time), month: Counter::empty(QuotaWindow::Month, time) }
    }

    /// One window's counter.
    pub(crate) const fn counter(&self, window: QuotaWindow) -> &Counter {
        match window {
            QuotaWindow::Day => &self.day,
            QuotaWindow::Month => &self.month,
        }
    }

    /// With `weight` more in every window.
    pub(crate) const fn plus(self, weight: u64) -> Self {
        Self {
            day: self.day.with_used(self.day.used.saturating_add(weight)),
            month: self.month.with_used(self.month.used.saturating_add(weight)),
        }
    }

    /// With `weight` less in each window that is still the one in which it was `spent`.
    pub(crate) fn less(self, weight: u64, spent: Self) -> Self {
        let reduce = |counter: Counter, spent: Counter| {
            let is_same = counter.starts_at == spent.starts_at;
            counter.with_used(counter.used.saturating_sub(if is_same { weight } else { 0 }))
        };
        Self { day: reduce(self.day, spent.day), month: reduce(self.month, spent.month) }
    }

    /// As callers see it.
    pub(crate) fn snapshot(&self, plan: &DefaultPlan, limits: Limits) -> QuotaSnapshot {
        let windows = [QuotaWindow::Day, QuotaWindow::Month].map(|name| {
            let counter = self.counter(name);
            WindowUse { name, limit: limits.of(name), used: counter.used, resets_at: counter.resets_at }
        });
        QuotaSnapshot { plan: plan.name.clone(), windows: windows.into(), rate: plan.rate }
    }
}

/// Says once that the clock was wrong: every account that was charged meanwhile is met with this.
fn warn_of_clock(starts_at: Timestamp, now: Timestamp) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(%starts_at, %now, "quotas were counted by a clock far ahead; their windows begin anew");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_set_back_over_midnight_reopens_nothing() {
        let used = Usage::empty(time("2026-03-02T00:00:01Z")).plus(7);
        let earlier = used.day.at(QuotaWindow::Day, time("2026-03-01T23:59:59Z"));
        assert_eq!(earlier.used, 7);
        assert_eq!(used.day.at(QuotaWindow::Day, time("2026-03-03T00:00:00Z")).used, 0);
    }

    #[test]
    fn a_clock_that_was_far_ahead_freezes_nothing() {
        let ahead = Usage::empty(time("2031-01-01T00:00:00Z")).plus(100);
        let now = time("2026-03-10T12:00:00Z");
        assert_eq!(ahead.day.at(QuotaWindow::Day, now), Counter::empty(QuotaWindow::Day, now));
        assert_eq!(ahead.month.at(QuotaWindow::Month, now), Counter::empty(QuotaWindow::Month, now));
    }

    /// A day, to the microsecond.
    #[test]
    fn windows_of_the_next_day_go_on() {
        let next = Usage::empty(time("2026-04-01T00:00:00Z")).plus(7);
        let (within, before) = (time("2026-03-31T00:00:00Z"), time("2026-03-30T23:59:59.999999Z"));
        assert_eq!(
            (next.day.at(QuotaWindow::Day, within).used, next.day.at(QuotaWindow::Day, before).used),
            (7, 0)
        );
        let month = |now| next.month.at(QuotaWindow::Month, now).used;
        assert_eq!((month(within), month(before)), (7, 0));
    }

    #[test]
    fn a_refund_does_not_reach_into_the_next_window() {
        let spent = Usage::empty(time("2026-03-01T23:59:59Z")).plus(1);
        let next_day = Usage::empty(time("2026-03-02T00:00:01Z")).plus(5);
        let refunded = next_day.less(1, spent);
        assert_eq!((refunded.day.used, refunded.month.used), (5, 4));
    }
}
