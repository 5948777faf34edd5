//! Which limits apply to a caller.

use prosopa_model::{QuotaWindow, RateLimit};

use crate::config;

/// Metered requests that an account may make in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In a calendar day.
    pub(crate) day: u64,
    /// In a calendar month.
    pub(crate) month: u64,
}

impl Limits {
    /// The limit of one window.
    pub(crate) const fn of(self, window: QuotaWindow) -> u64 {
        match window {
            QuotaWindow::Day => self.day,
            QuotaWindow::Month => self.month,
        }
    }
}

/// The plan of everybody who has none of their own.
#[derive(Debug, Clone)]
pub(crate) struct DefaultPlan {
    /// Shown to callers.
    pub(crate) name: String,
    /// Rate of each caller.
    pub(crate) rate: RateLimit,
    limits: Limits,
}

impl DefaultPlan {
    /// Takes the numbers from the configuration.
    pub(crate) fn new(plan: config::Plan, rate: RateLimit) -> Self {
        let limits = Limits { day: plan.requests_per_day, month: plan.requests_per_month };
        Self { name: plan.name, rate, limits }
    }

    /// The limits of an account whose user was granted `requests_per_day_max`, if anything.
    ///
    /// A grant replaces the day's limit. The month grows in the same proportion, and never shrinks below the
    /// plan's: with 100 a day and 2,000 a month, 500 a day make 10,000 a month, 10 a day leave 2,000.
    pub(crate) fn limits(&self, requests_per_day_max: Option<u64>) -> Limits {
        let Some(day) = requests_per_day_max else { return self.limits };
        let month = u128::from(day) * u128::from(self.limits.month) / u128::from(self.limits.day.max(1));
        let month = u64::try_from(month).unwrap_or(u64::MAX).max(self.limits.month);
        Limits { day, month }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(granted: Option<u64>) -> (u64, u64) {
        let rate = RateLimit { requests_per_second: 10, burst: 20 };
        let limits = DefaultPlan::new(config::Plan::default(), rate).limits(granted);
        (limits.day, limits.month)
    }

    /// F1: a granted quota replaces the default.
    #[test]
    fn the_month_grows_with_the_day_and_never_shrinks() {
        assert_eq!(limits(None), (100, 2_000));
        assert_eq!(limits(Some(500)), (500, 10_000));
        assert_eq!(limits(Some(10)), (10, 2_000));
        assert_eq!(limits(Some(0)), (0, 2_000));
        assert_eq!(limits(Some(u64::MAX)), (u64::MAX, u64::MAX));
    }
}
