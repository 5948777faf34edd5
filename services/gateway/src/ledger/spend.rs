//! What a caller may spend, and what it has spent.

use std::sync::Arc;

use uuid::Uuid;

use prosopa_model::{LimitMode, Meter, QuotaWindow, Timestamp, WindowUse};

/// One limit as it applies to one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Name of the limit, for people.
    pub(crate) name: Arc<str>,
    /// Name of its counter.
    pub(crate) counter: Arc<str>,
    /// What is counted.
    pub(crate) meter: Meter,
    /// Whether the limit refuses.
    pub(crate) mode: LimitMode,
    /// When it is counted.
    pub(crate) window: QuotaWindow,
    /// How much may be spent in a window.
    pub(crate) limit: u64,
}

/// Whose counters are charged, with which limits.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    /// The account, or the key or client with a plan of its own.
    pub(crate) holder_id: Uuid,
    /// The limits of its plan; each with a counter of its own.
    pub(crate) allowances: Arc<[Allowance]>,
}

/// How one limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    /// Units.
    pub(crate) amount: u64,
    /// When that begins to change by itself.
    pub(crate) resets_at: Timestamp,
    /// Length of the window, seconds.
    pub(crate) window_s: u64,
}

/// How the limits of a purse are used, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Usage {
    /// The limits.
    pub(crate) allowances: Arc<[Allowance]>,
    /// Their use.
    pub(crate) used: Vec<Used>,
}

impl Usage {
    /// Limits beside their use.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Allowance, &Used)> {
        self.allowances.iter().zip(&self.used)
    }

    /// As callers see the limits.
    pub(crate) fn windows(&self) -> Vec<WindowUse> {
        let window = |(allowance, used): (&Allowance, &Used)| WindowUse {
            name: allowance.name.to_string(),
            meter: allowance.meter,
            mode: allowance.mode,
            limit: allowance.limit,
            used: used.amount,
            resets_at: used.resets_at,
        };
        self.iter().map(window).collect()
    }

    /// As it would be had nothing happened since but that these amounts were taken back.
    pub(super) fn less(&self, amounts: &[u64]) -> Self {
        let less =
            |(used, amount): (&Used, &u64)| Used { amount: used.amount.saturating_sub(*amount), ..*used };
        let used = self.used.iter().zip(amounts).map(less).collect();
        Self { allowances: Arc::clone(&self.allowances), used }
    }
}
