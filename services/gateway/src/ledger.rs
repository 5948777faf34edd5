//! The quota ledger: what each holder of a plan has spent in its current windows, exact and durable.
//!
//! A metered request reserves its units before it is handed on and keeps or gives back the reservation by its answer. A
//! reservation that is dropped is given back until the service is called, and kept from then on. One [`Writer`] in each
//! process decides everything in transactions, many waiting reservations in each, and answers after the commit: what was
//! admitted is on disk. Transactions of all processes that share a database run one after the other. Nothing is believed
//! from memory, so none of them can be wrong about what another one did.
//!
//! A refund that a caller is told of is on disk as well. A crash leaves charged what was in hand; it never lets anybody
//! spend more than its limit. ADR 0006 says why it is made so.

mod counter;
mod page;
mod refunds;
mod reservation;
mod spend;
mod writer;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use prosopa_model::{Clock, Timestamp, WindowUse};
use prosopa_store::Database;
use prosopa_telemetry::IntCounter;

use crate::store::ledger::{CounterRow, look_at_counters};

use self::counter::{Counter, Part};
pub(crate) use self::{
    reservation::Reservation,
    spend::{Allowance, Purse, Usage, Used},
    writer::Writer,
};

/// Spends and refunds. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ledger {
    commands: mpsc::Sender<Command>,
    database: Database,
    clock: Arc<dyn Clock>,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReserveError {
    /// A limit is used up.
    #[error("a quota is used up")]
    Exceeded {
        /// The limit; of several the one whose reset is furthest away.
        window: WindowUse,
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

/// One request to the writer.
struct Command {
    purse: Purse,
    /// For each limit.
    amounts: Vec<u64>,
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
        let writer = Writer::new(database.clone(), Arc::clone(&clock), receiver, transactions);
        (Self { commands, database, clock }, writer)
    }

    /// Spends the amounts, one for each limit of the purse, or nothing if one of the limits that refuse has less left.
    pub(crate) async fn reserve(&self, purse: Purse, amounts: Vec<u64>) -> Result<Reservation, ReserveError> {
        let (answer, answered) = oneshot::channel();
        let command = Command { purse, amounts, answer };
        self.commands.send(command).await.map_err(|_| LedgerError::Stopped)?;
        answered.await.map_err(|_| LedgerError::Stopped)?
    }

    /// What is spent.
    pub(crate) async fn look(&self, purse: &Purse) -> Result<Usage, LedgerError> {
        let rows = async { look_at_counters(&mut self.database.read().await?, purse.holder_id).await };
        let rows = rows.await.map_err(|error| LedgerError::Store(Arc::new(error)))?;
        let now = self.clock.now();
        let used = purse.allowances.iter().map(|allowance| {
            let (counter, _) = counter_of(&rows, purse, allowance, now);
            counter.used_of(allowance)
        });
        Ok(Usage { allowances: Arc::clone(&purse.allowances), used: used.collect() })
    }
}

/// One limit's counter among the rows that are stored; also what counts no more.
fn counter_of(
    rows: &[CounterRow],
    purse: &Purse,
    allowance: &Allowance,
    now: Timestamp,
) -> (Counter, Vec<Part>) {
    let is_its = |row: &&CounterRow| row.holder_id == purse.holder_id && row.counter == *allowance.counter;
    let parts = rows.iter().filter(is_its).map(|row| Part { starts_at: row.starts_at, used: row.used });
    Counter::at(&allowance.window, &parts.collect::<Vec<_>>(), now)
}

impl Counter {
    /// How a limit with this counter is used.
    fn used_of(&self, allowance: &Allowance) -> Used {
        Used {
            amount: self.used(),
            resets_at: self.resets_at(&allowance.window),
            window_s: self.window_s(&allowance.window),
        }
    }
}
