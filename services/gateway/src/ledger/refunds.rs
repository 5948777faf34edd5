//! Charges that are to be taken back and wait for the writer.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use prosopa_model::Timestamp;

use super::spend::Purse;

/// A charge that is to be taken back from the parts it was made in.
#[derive(Debug)]
pub(super) struct Refund {
    /// Whose charge it was.
    pub(super) purse: Purse,
    /// For each limit.
    pub(super) amounts: Vec<u64>,
    /// For each limit, the part in which it was spent.
    pub(super) parts: Vec<Timestamp>,
    /// Who waits for it.
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// What waits.
#[derive(Default)]
pub(super) struct Refunds {
    waiting: Mutex<Vec<Refund>>,
    has_some: Notify,
}

impl Refunds {
    /// Hands one to the writer. Each was a reservation before, whose number is bounded.
    pub(super) fn add(&self, refund: Refund) {
        self.put_back(vec![refund]);
        self.has_some.notify_one();
    }

    /// Whatever waits.
    pub(super) fn take(&self) -> Vec<Refund> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// For those that could not be written; they wait for the next transaction.
    pub(super) fn put_back(&self, mut refunds: Vec<Refund>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).append(&mut refunds);
    }

    /// Waits until one is added.
    pub(super) async fn wait(&self) {
        self.has_some.notified().await;
    }
}
