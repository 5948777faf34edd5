//! Which nonces were used: each once by its access key, in every process that shares the gateway's database, and after
//! any end of any of them.
//!
//! One [`NonceWriter`] in each process writes whatever waits in one transaction and answers after the commit. That a
//! nonce is new is decided by the insertion itself, so of many requests with the same one exactly one is told so. Does not
//! know what is signed, nor whether rightly so.

mod shared;
mod writer;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use prosopa_model::{Clock, Timestamp};
use prosopa_store::Database;

use crate::store::nonces::NonceRow;

pub(crate) use self::{shared::SharedNonces, writer::NonceWriter};

/// Nonces that may wait to be written; further ones wait for a place.
const QUEUE_MAX: usize = 1_024;

/// Notes nonces. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Nonces {
    commands: mpsc::Sender<Command>,
}

/// Whether a nonce is new cannot be told.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum NonceError {
    /// The database refused; shared by all who waited for the transaction.
    #[error("the nonces cannot be written: {0}")]
    Store(Arc<prosopa_store::Error>),
    /// Redis cannot tell what was used before.
    #[error("redis cannot tell whether the nonce is new")]
    RedisLost,
    /// The writer is not running.
    #[error("the writer of the nonces does not answer")]
    Stopped,
}

/// One request to the writer.
struct Command {
    row: NonceRow,
    remember_until: Timestamp,
    answer: oneshot::Sender<Result<bool, NonceError>>,
}

impl Nonces {
    /// Nonces in `database`, and the writer that has to run for them to be noted.
    pub(crate) fn open(database: Database, clock: Arc<dyn Clock>) -> (Self, NonceWriter) {
        let (commands, receiver) = mpsc::channel(QUEUE_MAX);
        (Self { commands }, NonceWriter::new(database, clock, receiver))
    }

    /// Notes a nonce of an access key. True if it is new; then it is on disk, and will be until `remember_until` at
    /// least.
    pub(crate) async fn note(
        &self,
        access_key: &str,
        nonce: String,
        remember_until: Timestamp,
    ) -> Result<bool, NonceError> {
        let (answer, answered) = oneshot::channel();
        let row = NonceRow { access_key: access_key.to_owned(), nonce };
        let command = Command { row, remember_until, answer };
        self.commands.send(command).await.map_err(|_| NonceError::Stopped)?;
        answered.await.map_err(|_| NonceError::Stopped)?
    }
}
