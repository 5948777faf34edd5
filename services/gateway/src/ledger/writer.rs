//! The ledger's only writer in a process: takes whatever waits, decides it in one transaction, answers after the commit.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_model::Clock;
use prosopa_store::Database;
use prosopa_telemetry::IntCounter;

use super::{
    Command, LedgerError, Reservation, ReserveError,
    page::{Page, Refused, Spent},
    refunds::{Refund, Refunds},
};
use crate::store::ledger::{delete_writers, find_batch, put_batch};

/// Most reservations in one transaction.
const BATCH_MAX: usize = 256;

/// Pause before refunds are tried again that could not be written.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long a writer that is not seen is remembered.
const WRITER_LASTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Held by whoever changes counters, to the end of the transaction.
const LOCK: &str = "quota_ledger";

/// See the module.
pub(crate) struct Writer {
    database: Database,
    clock: Arc<dyn Clock>,
    commands: mpsc::Receiver<Command>,
    refunds: Arc<Refunds>,
    transactions: IntCounter,
    id: Uuid,
    /// Number of the last transaction that was to be committed.
    batch: i64,
    /// What that transaction did, while nobody knows whether it was committed.
    doubt: Option<Doubt>,
}

/// A transaction that may have been committed.
struct Doubt {
    /// Refunds in it.
    refunds: Vec<Refund>,
    /// Charges in it; those who asked for them were told that they failed.
    charges: Vec<Refund>,
}

type Decision = Result<Spent, Refused>;

/// Why a transaction came to nothing.
enum Failure {
    /// It was rolled back.
    Undone(prosopa_store::Error),
    /// The commit itself failed: nobody knows what is on disk.
    Unknown(prosopa_store::Error, Vec<Decision>),
}

impl From<prosopa_store::Error> for Failure {
    fn from(error: prosopa_store::Error) -> Self {
        Self::Undone(error)
    }
}

impl Writer {
    pub(super) fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        commands: mpsc::Receiver<Command>,
        transactions: IntCounter,
    ) -> Self {
        let (refunds, id) = (Arc::default(), Uuid::now_v7());
        Self { database, clock, commands, refunds, transactions, id, batch: 0, doubt: None }
    }

    /// Works until `stop`, then finishes what waits.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut is_something_left = false;
        loop {
            tokio::select! {
                count = self.commands.recv_many(&mut batch, BATCH_MAX) => if count == 0 { break },
                () = self.refunds.wait() => {},
                () = tokio::time::sleep(RETRY_PAUSE), if is_something_left => {},
                () = stop.cancelled() => break,
            }
            is_something_left = !self.settle(&mut batch).await;
        }
        self.commands.close();
        while self.commands.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.settle(&mut batch).await;
        }
        self.settle(&mut batch).await;
    }

    /// Decides a batch together with the refunds that wait. False if refunds are left.
    async fn settle(&mut self, batch: &mut Vec<Command>) -> bool {
        batch.retain(|command| !command.answer.is_closed());
        if let Err(error) = self.end_doubt().await {
            self.fail(batch, error, 0);
            return false;
        }
        let refunds = self.refunds.take();
        if batch.is_empty() && refunds.is_empty() {
            return true;
        }
        match self.decide(batch, &refunds).await {
            Ok(decisions) => {
                acknowledge(refunds);
                for (command, decision) in batch.drain(..).zip(decisions) {
                    self.answer(command, decision);
                }
                true
            }
            Err(Failure::Undone(error)) => {
                let count = refunds.len();
                self.refunds.put_back(refunds);
                self.fail(batch, error, count);
                count == 0
            }
            Err(Failure::Unknown(error, decisions)) => {
                let count = refunds.len();
                let charges = batch.iter().zip(decisions).filter_map(|(command, decision)| {
                    let parts = decision.ok()?.parts;
                    let (purse, amounts) = (command.purse.clone(), command.amounts.clone());
                    Some(Refund { purse, amounts, parts, done: None })
                });
                self.doubt = Some(Doubt { refunds, charges: charges.collect() });
                self.fail(batch, error, count);
                false
            }
        }
    }

    /// Finds out whether the transaction was committed whose commit failed. What it gave back must be given back once; what
    /// it charged must not be charged.
    async fn end_doubt(&mut self) -> Result<(), prosopa_store::Error> {
        if self.doubt.is_none() {
            return Ok(());
        }
        let mut tx = self.database.begin().await?;
        // It held the same lock: once this is held, it has ended.
        tx.lock(LOCK).await?;
        let batch = find_batch(&mut tx, self.id).await?;
        tx.rollback().await?;
        if let Some(doubt) = self.doubt.take() {
            if batch == Some(self.batch) {
                acknowledge(doubt.refunds);
                self.refunds.put_back(doubt.charges);
            } else {
                self.refunds.put_back(doubt.refunds);
            }
        }
        Ok(())
    }

    fn fail(&self, batch: &mut Vec<Command>, error: prosopa_store::Error, refunds: usize) {
        tracing::error!(%error, reservations = batch.len(), refunds, "quota ledger failed");
        let error = LedgerError::Store(Arc::new(error));
        for command in batch.drain(..) {
            // Nobody may wait any more.
            let _ = command.answer.send(Err(error.clone().into()));
        }
    }

    /// A caller that has gone drops the reservation, which gives it back.
    fn answer(&self, command: Command, decision: Decision) {
        let Command { purse, amounts, answer } = command;
        let reservation = match decision {
            Ok(spent) => Ok(Reservation::new(Arc::clone(&self.refunds), purse, amounts, spent)),
            Err(Refused { window, usage }) => Err(ReserveError::Exceeded { window, usage }),
        };
        drop(answer.send(reservation));
    }

    /// One transaction. Refunds come first: they make room.
    async fn decide(&mut self, batch: &[Command], refunds: &[Refund]) -> Result<Vec<Decision>, Failure> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK).await?;
        self.transactions.inc();
        let now = self.clock.now();
        let purses = batch.iter().map(|command| &command.purse);
        let purses = purses.chain(refunds.iter().map(|refund| &refund.purse));
        let mut page = Page::read(&mut tx, purses, now).await?;
        for refund in refunds {
            page.take_back(refund);
        }
        let decisions = batch.iter().map(|command| page.spend(&command.purse, &command.amounts)).collect();
        if !page.is_changed() {
            tx.rollback().await?;
            return Ok(decisions);
        }
        page.write(&mut tx).await?;
        if self.batch == 0 {
            delete_writers(&mut tx, now.before(WRITER_LASTS)).await?;
        }
        put_batch(&mut tx, self.id, self.batch + 1, now).await?;
        self.batch += 1;
        match tx.commit().await {
            Ok(()) => Ok(decisions),
            Err(error) => Err(Failure::Unknown(error, decisions)),
        }
    }
}

fn acknowledge(refunds: Vec<Refund>) {
    for done in refunds.into_iter().filter_map(|refund| refund.done) {
        // Nobody may wait any more.
        let _ = done.send(());
    }
}
