//! The counters of one account.

use prosopa_model::{QuotaSnapshot, QuotaWindow, Timestamp, WindowUse};

use crate::plan::{DefaultPlan, Limits};

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
    /// A clock that was set back does not reopen a window: the later one goes on.
    pub(crate) fn at(self, window: QuotaWindow, now: Timestamp) -> Self {
        if now < self.resets_at { self } else { Self::empty(window, now) }
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
    fn a_refund_does_not_reach_into_the_next_window() {
        let spent = Usage::empty(time("2026-03-01T23:59:59Z")).plus(1);
        let next_day = Usage::empty(time("2026-03-02T00:00:01Z")).plus(5);
        let refunded = next_day.less(1, spent);
        assert_eq!((refunded.day.used, refunded.month.used), (5, 4));
    }
}
