//! What a service wants to hear, and what it does then.

use std::sync::Arc;

use async_trait::async_trait;

use prosopa_store::Tx;

use crate::delivery::Delivery;

/// What a service wants to hear.
#[derive(Clone)]
pub struct Subscription {
    /// Its name, unique in the service; the cursor's.
    pub name: &'static str,
    /// The topics; events of others are passed over.
    pub topics: &'static [&'static str],
    /// What is done with each event.
    pub handler: Arc<dyn Handler>,
}

/// What a service does with an event.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Writes the effect to the transaction, which is committed with the cursor; nothing else may be done here.
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError>;
}

/// Why an event had no effect.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It may have one later.
    #[error("{0}")]
    Retry(String),
    /// It never will.
    #[error("{0}")]
    Poison(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
}

impl From<prost::DecodeError> for HandlerError {
    fn from(error: prost::DecodeError) -> Self {
        Self::Poison(error.to_string())
    }
}
