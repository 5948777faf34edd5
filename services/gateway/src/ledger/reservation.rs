//! What a request has spent until its answer decides whether it is charged.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{
    page::Spent,
    refunds::{Refund, Refunds},
    spend::{Purse, Usage},
};

/// Longest time that an answer waits for its refund to be written.
const REFUND_WAIT: Duration = Duration::from_secs(2);

/// Units that are spent; given back when dropped before the request was handed on.
pub(crate) struct Reservation {
    refunds: Arc<Refunds>,
    purse: Purse,
    /// For each limit.
    amounts: Vec<u64>,
    spent: Spent,
    is_handed_on: bool,
}

impl Reservation {
    pub(super) fn new(refunds: Arc<Refunds>, purse: Purse, amounts: Vec<u64>, spent: Spent) -> Self {
        Self { refunds, purse, amounts, spent, is_handed_on: false }
    }

    /// The counters right after this was spent.
    pub(crate) const fn usage(&self) -> &Usage {
        &self.spent.usage
    }

    /// Limits in shadow mode that would have refused this.
    pub(crate) fn exceeded(&self) -> impl Iterator<Item = &str> {
        self.spent.exceeded.iter().map(|index| &*self.purse.allowances[*index].name)
    }

    /// The service is about to be called: from now on a drop keeps the charge, since the work may be done.
    pub(crate) const fn hand_on(&mut self) {
        self.is_handed_on = true;
    }

    /// Whether the service has been called.
    pub(crate) const fn is_handed_on(&self) -> bool {
        self.is_handed_on
    }

    /// Makes the charge final: `actual` says for each limit what it came to, at most what was reserved; the rest is given
    /// back. The counters as they would be had this been all that happened since.
    pub(crate) async fn settle(mut self, actual: &[u64]) -> Usage {
        self.is_handed_on = true;
        let rest: Vec<u64> =
            self.amounts.iter().zip(actual).map(|(amount, actual)| amount.saturating_sub(*actual)).collect();
        self.give_back(rest).await
    }

    /// Gives everything back; the counters as they would be had this been all that happened since.
    pub(crate) async fn refund(mut self) -> Usage {
        self.is_handed_on = true;
        let amounts = std::mem::take(&mut self.amounts);
        self.give_back(amounts).await
    }

    /// Waits until the refund is on disk, so that who is told of it can rely on it; but not for ever: where the database
    /// is lost, the refund waits in memory.
    async fn give_back(&self, amounts: Vec<u64>) -> Usage {
        let usage = self.spent.usage.less(&amounts);
        if amounts.iter().any(|amount| *amount > 0) {
            let (done, is_done) = oneshot::channel();
            self.refunds.add(Refund { done: Some(done), ..self.refund_of(amounts) });
            // Over time, or the writer has ended.
            let _ = tokio::time::timeout(REFUND_WAIT, is_done).await;
        }
        usage
    }

    fn refund_of(&self, amounts: Vec<u64>) -> Refund {
        Refund { purse: self.purse.clone(), amounts, parts: self.spent.parts.clone(), done: None }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_handed_on && self.amounts.iter().any(|amount| *amount > 0) {
            let amounts = std::mem::take(&mut self.amounts);
            self.refunds.add(self.refund_of(amounts));
        }
    }
}
