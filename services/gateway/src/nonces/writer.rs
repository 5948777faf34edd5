//! The only writer of nonces in a process: takes whatever waits, writes it in one transaction, answers after the commit;
//! now and then forgets those that nobody can use again.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use prosopa_model::{Clock, Timestamp};
use prosopa_store::Database;

use super::{Command, NonceError};
use crate::store::nonces::{NonceRow, delete_nonces, insert_new_nonces};

/// Most nonces in one transaction.
const BATCH_MAX: usize = 256;

/// Pause between two looks for nonces that can be forgotten.
const FORGET_PAUSE: Duration = Duration::from_secs(60);

/// How much longer nonces are kept than they must be: the clocks of two processes differ, and clocks are set back.
const FORGET_DELAY: Duration = Duration::from_secs(10 * 60);

/// Most nonces that are forgotten at once, while others wait to be noted.
const FORGOTTEN_MAX: u32 = 1_000;

/// Held by whoever forgets, to the end of the transaction.
const LOCK: &str = "nonces";

/// See the module.
pub(crate) struct NonceWriter {
    database: Database,
    clock: Arc<dyn Clock>,
    commands: mpsc::Receiver<Command>,
    /// When to look again for what can be forgotten.
    forget_at: Timestamp,
}

impl NonceWriter {
    pub(super) fn new(database: Database, clock: Arc<dyn Clock>, commands: mpsc::Receiver<Command>) -> Self {
        let forget_at = clock.now();
        Self { database, clock, commands, forget_at }
    }

    /// Works until `stop`, then finishes what waits.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                count = self.commands.recv_many(&mut batch, BATCH_MAX) => if count == 0 { break },
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => break,
            }
            self.note(&mut batch).await;
            pause = self.forget().await;
        }
        self.commands.close();
        while self.commands.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.note(&mut batch).await;
        }
    }

    async fn note(&self, batch: &mut Vec<Command>) {
        batch.retain(|command| !command.answer.is_closed());
        if batch.is_empty() {
            return;
        }
        let inserted = self.insert(batch).await.map_err(Arc::new);
        if let Err(error) = &inserted {
            tracing::error!(%error, nonces = batch.len(), "nonces are not written");
        }
        let mut inserted = inserted.map(|rows| rows.into_iter().collect::<HashSet<_>>());
        for Command { row, answer, .. } in batch.drain(..) {
            let answered = match &mut inserted {
                // Of several in one batch the first has it.
                Ok(rows) => Ok(rows.remove(&row)),
                Err(error) => Err(NonceError::Store(Arc::clone(error))),
            };
            // Nobody may wait any more.
            let _ = answer.send(answered);
        }
    }

    /// One transaction, its rows each once and in their order.
    async fn insert(&self, batch: &[Command]) -> Result<Vec<NonceRow>, prosopa_store::Error> {
        let mut rows: BTreeMap<&NonceRow, Timestamp> = BTreeMap::new();
        for command in batch {
            let until = rows.entry(&command.row).or_insert(command.remember_until);
            *until = command.remember_until.max(*until);
        }
        let rows: Vec<_> = rows.into_iter().map(|(row, until)| (row.clone(), until)).collect();
        let mut tx = self.database.begin().await?;
        let inserted = insert_new_nonces(&mut tx, &rows).await?;
        tx.commit().await?;
        Ok(inserted)
    }

    /// Forgets some, if it is time for it; gives the pause to the next look.
    async fn forget(&mut self) -> Duration {
        let now = self.clock.now();
        // Further away only where the clock was set back.
        if now < self.forget_at && self.forget_at.since(now) <= FORGET_PAUSE {
            return FORGET_PAUSE;
        }
        match self.delete(now.before(FORGET_DELAY)).await {
            Ok(count) if count == u64::from(FORGOTTEN_MAX) => return Duration::ZERO,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old nonces are not deleted"),
        }
        self.forget_at = now.after(FORGET_PAUSE);
        FORGET_PAUSE
    }

    async fn delete(&self, before: Timestamp) -> Result<u64, prosopa_store::Error> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK).await?;
        let count = delete_nonces(&mut tx, before, FORGOTTEN_MAX).await?;
        tx.commit().await?;
        Ok(count)
    }
}
