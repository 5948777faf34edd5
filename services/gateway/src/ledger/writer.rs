//! The ledger's only writer: takes whatever waits, decides it in one transaction, answers after the commit.

use std::{collections::HashMap, collections::hash_map::Entry, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use prosopa_model::{AccountId, Clock, QuotaWindow, Timestamp};
use prosopa_store::{Database, Tx};
use prosopa_telemetry::IntCounter;

use super::{
    Accounts, Command, LedgerError, Refund, Reservation, ReserveError, usage::Counter, usage::Usage,
};
use crate::store::ledger::{list_counters, put_counter};

/// Most reservations in one transaction.
const BATCH_MAX: usize = 256;

/// Pause before refunds are tried again that could not be written.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Writer {
    database: Database,
    clock: Arc<dyn Clock>,
    commands: mpsc::Receiver<Command>,
    accounts: Arc<Accounts>,
    transactions: IntCounter,
}

/// An account's counters within a transaction.
struct Open {
    usage: Usage,
    is_changed: bool,
}

type Decision = Result<Usage, ReserveError>;

/// Why a transaction came to nothing.
enum Failure {
    /// It was rolled back.
    Undone(prosopa_store::Error),
    /// The commit itself failed: nobody knows what is on disk.
    Unknown(prosopa_store::Error),
}

impl From<prosopa_store::Error> for Failure {
    fn from(error: prosopa_store::Error) -> Self {
        Self::Undone(error)
    }
}

impl Writer {
    pub(super) const fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        commands: mpsc::Receiver<Command>,
        accounts: Arc<Accounts>,
        transactions: IntCounter,
    ) -> Self {
        Self { database, clock, commands, accounts, transactions }
    }

    /// Works until `stop`, then finishes what waits.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut are_refunds_due = false;
        loop {
            tokio::select! {
                count = self.commands.recv_many(&mut batch, BATCH_MAX) => if count == 0 { break },
                () = self.accounts.refund_waits.notified() => {},
                () = tokio::time::sleep(RETRY_PAUSE), if are_refunds_due => {},
                () = stop.cancelled() => break,
            }
            are_refunds_due = !self.settle(&mut batch).await;
        }
        self.commands.close();
        while self.commands.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.settle(&mut batch).await;
        }
        self.settle(&mut batch).await;
    }

    /// Decides a batch together with the refunds that wait. False if refunds are left.
    async fn settle(&self, batch: &mut Vec<Command>) -> bool {
        batch.retain(|command| !command.answer.is_closed());
        let refunds = self.accounts.take_refunds();
        if batch.is_empty() && refunds.is_empty() {
            return true;
        }
        match self.decide(batch, &refunds).await {
            Ok(decisions) => {
                for (command, decision) in batch.drain(..).zip(decisions) {
                    self.answer(command, decision);
                }
                true
            }
            Err(failure) => {
                for refund in &refunds {
                    self.accounts.forget(refund.account_id);
                }
                let refund_count = refunds.len();
                let (error, are_refunds_done) = match failure {
                    Failure::Undone(error) => {
                        self.accounts.put_back(refunds);
                        (error, refund_count == 0)
                    }
                    // Giving back twice would admit too much: better never.
                    Failure::Unknown(error) => (error, true),
                };
                tracing::error!(%error, reservations = batch.len(), refunds = refund_count, "quota ledger failed");
                let error = LedgerError::Store(Arc::new(error));
                for command in batch.drain(..) {
                    self.accounts.forget(command.account_id);
                    self.answer(command, Err(error.clone().into()));
                }
                are_refunds_done
            }
        }
    }

    /// A caller that has gone drops the reservation, which gives it back.
    fn answer(&self, command: Command, decision: Decision) {
        let reservation = decision.map(|usage| Reservation {
            accounts: Arc::clone(&self.accounts),
            account_id: command.account_id,
            weight: command.weight,
            usage,
            is_handed_on: false,
        });
        drop(command.answer.send(reservation));
    }

    /// One transaction. Refunds come first: they make room.
    async fn decide(&self, batch: &[Command], refunds: &[Refund]) -> Result<Vec<Decision>, Failure> {
        let now = self.clock.now();
        let mut tx = self.database.begin().await?;
        // Other processes may count in the same database.
        tx.lock("quota_ledger").await?;
        self.transactions.inc();
        let mut open: HashMap<AccountId, Open> = HashMap::new();
        for refund in refunds {
            let account = find_open(&mut open, &mut tx, refund.account_id, now).await?;
            account.usage = account.usage.less(refund.weight, refund.spent);
            account.is_changed = true;
        }
        let mut decisions = Vec::with_capacity(batch.len());
        for command in batch {
            let account = find_open(&mut open, &mut tx, command.account_id, now).await?;
            decisions.push(match account.usage.exceeded(command.limits, command.weight) {
                Some(window) => Err(ReserveError::Exceeded { window, usage: account.usage }),
                None => {
                    account.usage = account.usage.plus(command.weight);
                    account.is_changed |= command.weight > 0;
                    Ok(account.usage)
                }
            });
        }
        for (account_id, account) in open.iter().filter(|(_, account)| account.is_changed) {
            for window in [QuotaWindow::Day, QuotaWindow::Month] {
                let counter = account.usage.counter(window);
                put_counter(&mut tx, *account_id, window, counter.starts_at, counter.used).await?;
            }
        }
        if open.values().any(|account| account.is_changed) {
            tx.commit().await.map_err(Failure::Unknown)?;
        } else {
            tx.rollback().await?;
        }
        for (account_id, account) in &open {
            self.accounts.publish(*account_id, account.usage);
        }
        Ok(decisions)
    }
}

async fn find_open<'a>(
    open: &'a mut HashMap<AccountId, Open>,
    tx: &mut Tx,
    account_id: AccountId,
    now: Timestamp,
) -> Result<&'a mut Open, prosopa_store::Error> {
    Ok(match open.entry(account_id) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let usage = read_usage(tx, account_id, now).await?;
            entry.insert(Open { usage, is_changed: false })
        }
    })
}

async fn read_usage(
    tx: &mut Tx,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Usage, prosopa_store::Error> {
    let mut usage = Usage::empty(now);
    for row in list_counters(tx, account_id).await? {
        let window =
            if row.window_name == QuotaWindow::Day.as_str() { QuotaWindow::Day } else { QuotaWindow::Month };
        let stored = Counter { used: row.used, ..Counter::empty(window, row.starts_at) }.at(window, now);
        match window {
            QuotaWindow::Day => usage.day = stored,
            QuotaWindow::Month => usage.month = stored,
        }
    }
    Ok(usage)
}
