//! Tells the service of a change, inside the transaction that makes it.

use async_trait::async_trait;

use prosopa_store::{Error, Tx};

use crate::job::JobRow;

/// What the service does whenever a job's status or phase changes, or its progress by a tenth: for example publish an
/// event.
#[async_trait]
pub trait ChangeHook: Send + Sync + 'static {
    /// Writes to the same transaction as the change; an error takes the change back.
    async fn on_change(&self, tx: &mut Tx, job: &JobRow) -> Result<(), Error>;
}
