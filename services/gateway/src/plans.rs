//! Plans: which limits apply to a caller, and what a call is charged.

mod book;
mod definition;
mod editing;

use std::{collections::BTreeMap, sync::Arc};

use uuid::Uuid;

use prosopa_model::{LimitMode, Meter, QuotaWindow, RateLimit, Timestamp, Units, Zone};

use crate::{
    config::{self, OnLedgerLoss},
    ledger::{Allowance, Purse},
    rate_limit::Pace,
};

pub(crate) use self::{
    book::{Applied, Entry, PlanBook},
    definition::{DefinitionError, Known, PlanDefinition},
    editing::{EditError, Editor, Subject},
};

/// A plan in the form that requests are measured with.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Shown to callers.
    pub(crate) name: Arc<str>,
    /// Rate of each caller.
    pub(crate) pace: Pace,
    /// Whether metered requests pass while the ledger is lost.
    pub(crate) on_loss: OnLedgerLoss,
    limits: Vec<Limit>,
    /// The limits where no anchor and no grant changes them.
    allowances: Arc<[Allowance]>,
    /// Whether windows begin at each holder's own anchor.
    is_anchored: bool,
}

/// One limit of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    name: Arc<str>,
    meter: Meter,
    mode: LimitMode,
    window: Span,
    limit: u64,
    /// By operation: each unit counts so often; once where nothing is said.
    weights: BTreeMap<String, u64>,
}

/// When a limit is counted.
#[derive(Debug, Clone)]
enum Span {
    /// The same for everybody.
    Common(QuotaWindow),
    /// A month from the holder's own anchor.
    Billing(Zone),
}

impl Plan {
    /// The plan of everybody who has none of their own.
    pub(crate) fn of_config(plan: config::Plan, rate: RateLimit, on_loss: OnLedgerLoss) -> Self {
        let limit = |name, window, limit| Limit {
            name: Arc::from(name),
            meter: Meter::Requests,
            mode: LimitMode::Enforce,
            window: Span::Common(window),
            limit,
            weights: BTreeMap::new(),
        };
        let day = limit("day", QuotaWindow::Day(Zone::UTC), plan.requests_per_day);
        let month = limit("month", QuotaWindow::Month(Zone::UTC), plan.requests_per_month);
        Self::new(Arc::from(plan.name), vec![day, month], rate, on_loss)
    }

    fn new(name: Arc<str>, limits: Vec<Limit>, rate: RateLimit, on_loss: OnLedgerLoss) -> Self {
        let allowances = limits.iter().map(|limit| limit.allowance(Timestamp::default())).collect();
        let is_anchored = limits.iter().any(|limit| matches!(limit.window, Span::Billing(_)));
        Self { name, pace: Pace::new(rate), on_loss, limits, allowances, is_anchored }
    }

    /// Its limits for one holder, whose billing months begin at `anchor`.
    fn purse(&self, holder_id: Uuid, anchor: Timestamp) -> Purse {
        let allowances = if self.is_anchored {
            self.limits.iter().map(|limit| limit.allowance(anchor)).collect()
        } else {
            Arc::clone(&self.allowances)
        };
        Purse { holder_id, allowances }
    }

    /// Its limits for an account whose user was granted so many requests a day.
    ///
    /// A grant replaces the day's limit. The month grows in the same proportion, and never shrinks below the plan's:
    /// with 100 a day and 2,000 a month, 500 a day make 10,000 a month, 10 a day leave 2,000.
    fn purse_granted(&self, holder_id: Uuid, granted_day: u64) -> Purse {
        let planned_day =
            self.limits.iter().find(|limit| &*limit.name == "day").map_or(1, |limit| limit.limit);
        let allowances = self.allowances.iter().map(|allowance| {
            let limit = if &*allowance.name == "day" {
                granted_day
            } else {
                let grown =
                    u128::from(granted_day) * u128::from(allowance.limit) / u128::from(planned_day.max(1));
                u64::try_from(grown).unwrap_or(u64::MAX).max(allowance.limit)
            };
            Allowance { limit, ..allowance.clone() }
        });
        Purse { holder_id, allowances: allowances.collect() }
    }

    /// What a call of an operation is charged, for each limit.
    pub(crate) fn charge(&self, operation: &str, units: &Units) -> Vec<u64> {
        let charge = |limit: &Limit| {
            let weight = limit.weights.get(operation).copied().unwrap_or(1);
            units.of(limit.meter).saturating_mul(weight)
        };
        self.limits.iter().map(charge).collect()
    }
}

impl Limit {
    fn allowance(&self, anchor: Timestamp) -> Allowance {
        let window = match &self.window {
            Span::Common(window) => window.clone(),
            Span::Billing(zone) => QuotaWindow::BillingMonth { anchor, zone: zone.clone() },
        };
        Allowance {
            name: Arc::clone(&self.name),
            counter: Arc::from(format!("{} {}", self.meter, window.key())),
            meter: self.meter,
            mode: self.mode,
            window,
            limit: self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(granted: u64) -> (u64, u64) {
        let rate = RateLimit { requests_per_second: 10, burst: 20 };
        let plan = Plan::of_config(config::Plan::default(), rate, OnLedgerLoss::Deny);
        let purse = plan.purse_granted(Uuid::nil(), granted);
        (purse.allowances[0].limit, purse.allowances[1].limit)
    }

    /// F1: a granted quota replaces the default.
    #[test]
    fn the_month_grows_with_the_day_and_never_shrinks() {
        assert_eq!(limits(500), (500, 10_000));
        assert_eq!(limits(10), (10, 2_000));
        assert_eq!(limits(0), (0, 2_000));
        assert_eq!(limits(u64::MAX), (u64::MAX, u64::MAX));
    }

    /// Counters of the first schema are named so in a migration.
    #[test]
    fn counters_keep_their_names() {
        let rate = RateLimit { requests_per_second: 10, burst: 20 };
        let plan = Plan::of_config(config::Plan::default(), rate, OnLedgerLoss::Deny);
        let names: Vec<&str> = plan.allowances.iter().map(|allowance| &*allowance.counter).collect();
        assert_eq!(names, ["requests day UTC", "requests month UTC"]);
    }
}
