//! What a service wants to hear, and what it does then.

use std::sync::Arc;

use async_trait::async_trait;

use prosopa_model::Timestamp;
use prosopa_store::Tx;

use crate::{delivery::Delivery, store::consumer};

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

impl Subscription {
    /// Name of the cursor in what a producer says.
    pub(crate) fn cursor_of(&self, producer: &str) -> String {
        format!("{}/{producer}", self.name)
    }

    /// Whether the event's topic is one of these.
    pub(crate) fn hears(&self, event: &Delivery) -> bool {
        self.topics.contains(&event.topic.as_str())
    }

    /// Notes an event as received and lets it have its effect; false if it was received before, and has none now.
    pub(crate) async fn apply(
        &self,
        tx: &mut Tx,
        event: &Delivery,
        now: Timestamp,
    ) -> Result<bool, HandlerError> {
        let is_first = consumer::receive(tx, self.name, event.event_id, now).await?;
        if is_first {
            self.handler.handle(tx, event).await?;
        }
        Ok(is_first)
    }
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
    Store(prosopa_store::Error),
}

impl From<prosopa_store::Error> for HandlerError {
    /// What is too large stays so: the event is to blame, not the database.
    fn from(error: prosopa_store::Error) -> Self {
        match error {
            prosopa_store::Error::TooLarge { .. } => Self::Poison(error.to_string()),
            error => Self::Store(error),
        }
    }
}

impl From<prost::DecodeError> for HandlerError {
    fn from(error: prost::DecodeError) -> Self {
        Self::Poison(error.to_string())
    }
}
