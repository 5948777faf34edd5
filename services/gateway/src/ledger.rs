//! The quota ledger: what each account has spent in its current day and month, exact and durable.
//!
//! A metered request reserves its weight before it is handed on and keeps or gives back the reservation by its
//! answer. A reservation that is dropped is given back until the service is called, and kept from then on. One [`Writer`] decides
//! everything in transactions, many waiting reservations in each, and answers after the commit: what was admitted is
//! on disk, so a crash can lose refunds but never let an account spend more than its limit.
//!
//! A process whose database is a file owns it: counters that the writer has seen are also kept in memory, less the refunds
//! that still wait, for showing the quota and for refusing without a transaction. A server's database may be counted in by
//! others: one of their transactions runs after the other, and what they say is read each time.

mod usage;
mod writer;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, mpsc, oneshot};

use prosopa_model::{AccountId, Clock, QuotaWindow, Timestamp};
use prosopa_store::{Backend, Database};
use prosopa_telemetry::IntCounter;

use crate::plan::Limits;

pub(crate) use self::{usage::Usage, writer::Writer};

const SHARDS: usize = 16;

/// Accounts whose counters are kept in memory, per shard.
const KNOWN_MAX: usize = 4_096;

/// Spends and refunds. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ledger {
    commands: mpsc::Sender<Command>,
    accounts: Arc<Accounts>,
    clock: Arc<dyn Clock>,
    /// Whether nobody else counts in the database.
    is_alone: bool,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReserveError {
    /// A window is used up.
    #[error("the quota of the {} is used up", window.as_str())]
    Exceeded {
        /// The window whose reset is to be waited for.
        window: QuotaWindow,
        /// All counters at that time.
        usage: Usage,
    },
    /// The counters cannot be read or written.
    #[error(transparent)]
    Lost(#[from] LedgerError),
}

/// The counters cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The database refused; shared by all who waited for the transaction.
    #[error("the quota ledger cannot be written")]
    Store(#[source] Arc<prosopa_store::Error>),
    /// The writer is not running.
    #[error("the quota ledger does not answer")]
    Stopped,
}

/// One request to the writer; a weight of zero only asks for the counters.
struct Command {
    account_id: AccountId,
    weight: u64,
    limits: Limits,
    answer: oneshot::Sender<Result<Reservation, ReserveError>>,
}

impl Ledger {
    /// A ledger over `database` and the writer that has to run for it to answer; `queue_max` reservations may wait,
    /// `transactions` counts.
    pub(crate) fn open(
        database: Database,
        clock: Arc<dyn Clock>,
        queue_max: usize,
        transactions: IntCounter,
    ) -> (Self, Writer) {
        let (commands, receiver) = mpsc::channel(queue_max);
        let is_alone = database.backend() == Backend::Sqlite;
        let accounts = Arc::new(Accounts::new());
        let writer = Writer::new(database, Arc::clone(&clock), receiver, Arc::clone(&accounts), transactions);
        (Self { commands, accounts, clock, is_alone }, writer)
    }

    /// Spends `weight` in every window, or nothing if one of them has less left.
    pub(crate) async fn reserve(
        &self,
        account_id: AccountId,
        limits: Limits,
        weight: u32,
    ) -> Result<Reservation, ReserveError> {
        let weight = u64::from(weight);
        if let Some(known) = self.known(account_id) {
            let usage = known.at(self.clock.now());
            if let Some(window) = usage.exceeded(limits, weight) {
                return Err(ReserveError::Exceeded { window, usage });
            }
        }
        self.ask(account_id, limits, weight).await
    }

    /// What an account has spent.
    pub(crate) async fn usage(&self, account_id: AccountId) -> Result<Usage, ReserveError> {
        if let Some(known) = self.known(account_id) {
            return Ok(known.at(self.clock.now()));
        }
        let limits = Limits { day: u64::MAX, month: u64::MAX };
        self.ask(account_id, limits, 0).await.map(|reservation| reservation.usage)
    }

    /// What is known without asking.
    fn known(&self, account_id: AccountId) -> Option<Usage> {
        if self.is_alone { self.accounts.find(account_id) } else { None }
    }

    async fn ask(
        &self,
        account_id: AccountId,
        limits: Limits,
        weight: u64,
    ) -> Result<Reservation, ReserveError> {
        let (answer, answered) = oneshot::channel();
        let command = Command { account_id, weight, limits, answer };
        self.commands.send(command).await.map_err(|_| LedgerError::Stopped)?;
        answered.await.map_err(|_| LedgerError::Stopped)?
    }
}

/// Metered requests that are spent; given back when dropped before they were handed on.
pub(crate) struct Reservation {
    accounts: Arc<Accounts>,
    account_id: AccountId,
    weight: u64,
    usage: Usage,
    is_handed_on: bool,
}

impl Reservation {
    /// The account's counters right after this was spent.
    pub(crate) const fn usage(&self) -> Usage {
        self.usage
    }

    /// The service is about to be called: from now on a drop keeps the charge, since the work may be done.
    pub(crate) const fn hand_on(&mut self) {
        self.is_handed_on = true;
    }

    /// Whether the service has been called.
    pub(crate) const fn is_handed_on(&self) -> bool {
        self.is_handed_on
    }

    /// Makes the charge final.
    pub(crate) fn keep(mut self) {
        self.is_handed_on = true;
    }

    /// Gives it back; the counters as they would be had this been all that happened since.
    pub(crate) fn refund(mut self) -> Usage {
        self.is_handed_on = false;
        self.usage.less(self.weight, self.usage)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.weight > 0 && !self.is_handed_on {
            let refund = Refund { account_id: self.account_id, weight: self.weight, spent: self.usage };
            self.accounts.add_refund(refund);
        }
    }
}

/// A charge that is to be taken back from the windows it was made in.
#[derive(Debug, Clone, Copy)]
struct Refund {
    account_id: AccountId,
    weight: u64,
    spent: Usage,
}

/// Counters in memory and refunds that wait for the writer.
struct Accounts {
    shards: [Mutex<Shard>; SHARDS],
    refund_waits: Notify,
}

#[derive(Default)]
struct Shard {
    known: HashMap<AccountId, Usage>,
    refunds: Vec<Refund>,
}

impl Accounts {
    fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), refund_waits: Notify::new() }
    }

    fn find(&self, account_id: AccountId) -> Option<Usage> {
        self.with_shard(account_id, |shard| shard.known.get(&account_id).copied())
    }

    /// Takes over what the writer committed.
    fn publish(&self, account_id: AccountId, committed: Usage) {
        self.with_shard(account_id, |shard| {
            let refunds = shard.refunds.iter().filter(|refund| refund.account_id == account_id);
            let usage = refunds.fold(committed, |usage, refund| usage.less(refund.weight, refund.spent));
            if shard.known.len() >= KNOWN_MAX && !shard.known.contains_key(&account_id) {
                shard.known.clear();
            }
            shard.known.insert(account_id, usage);
        });
    }

    /// After a failure nobody knows what is on disk.
    fn forget(&self, account_id: AccountId) {
        self.with_shard(account_id, |shard| shard.known.remove(&account_id));
    }

    fn add_refund(&self, refund: Refund) {
        self.with_shard(refund.account_id, |shard| {
            if let Some(usage) = shard.known.get_mut(&refund.account_id) {
                *usage = usage.less(refund.weight, refund.spent);
            }
            shard.refunds.push(refund);
        });
        self.refund_waits.notify_one();
    }

    fn take_refunds(&self) -> Vec<Refund> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            taken.append(&mut shard.lock().unwrap_or_else(PoisonError::into_inner).refunds);
        }
        taken
    }

    /// For refunds that could not be written; they wait for the next transaction.
    fn put_back(&self, refunds: Vec<Refund>) {
        for refund in refunds {
            self.with_shard(refund.account_id, |shard| shard.refunds.push(refund));
        }
    }

    fn with_shard<R>(&self, account_id: AccountId, body: impl FnOnce(&mut Shard) -> R) -> R {
        // The last bits of a UUID v7 are random.
        let index = usize::from(account_id.uuid().as_bytes()[15]) % SHARDS;
        body(&mut self.shards[index].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Usage {
    /// Whether a charge of `weight` goes beyond a limit: the window that is exhausted for longest.
    fn exceeded(&self, limits: Limits, weight: u64) -> Option<QuotaWindow> {
        let windows = [QuotaWindow::Month, QuotaWindow::Day];
        windows.into_iter().find(|window| {
            let used = self.counter(*window).used;
            weight > 0 && used.saturating_add(weight) > limits.of(*window)
        })
    }

    /// The counters as they count at `now`: empty in windows that have begun since.
    fn at(self, now: Timestamp) -> Self {
        Self { day: self.day.at(QuotaWindow::Day, now), month: self.month.at(QuotaWindow::Month, now) }
    }
}
