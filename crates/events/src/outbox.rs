//! Where a service says what happened.

use std::sync::Arc;

use tokio::sync::Notify;
use uuid::Uuid;

use prosopa_contract::events::Event;
use prosopa_model::{Clock, Timestamp};
use prosopa_store::{Database, Error, Tx};

use crate::{
    delivery::Delivery,
    source::{Readers, Source},
    store,
};

/// What the `CloudEvents` attribute `source` begins with; the service's name follows.
pub const SOURCE_PREFIX: &str = "prosopa/";

/// Rows deleted in one transaction.
const TRIM_STEP: i64 = 500;

/// A service's outbox. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    service: &'static str,
    database: Database,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    readers: Readers,
    /// Whether its service is in this process.
    is_own: bool,
}

impl Outbox {
    /// The outbox in a service's database, which has the tables of [`MIGRATION`](crate::MIGRATION).
    pub fn new(service: &'static str, database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { service, database, clock, wake: Arc::default(), readers: Readers::default(), is_own: true }
    }

    /// The outbox of a service in another process, to be read here. What is published there is noticed by looking, and
    /// deleted there.
    pub fn of_another_process(service: &'static str, database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { is_own: false, ..Self::new(service, database, clock) }
    }

    /// Whether its service is in this process.
    pub const fn is_own(&self) -> bool {
        self.is_own
    }

    /// The service.
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// Publishes with the transaction; its commit wakes the readers of this process.
    pub async fn publish<E: Event>(&self, tx: &mut Tx, event: &E) -> Result<(), Error> {
        let delivery = Delivery {
            position: 0,
            event_id: Uuid::now_v7(),
            topic: E::TOPIC.to_owned(),
            key: event.key().to_owned(),
            kind: E::TYPE.to_owned(),
            time: self.clock.now(),
            traceparent: prosopa_telemetry::current_traceparent(),
            data: event.encode_to_vec(),
        };
        store::producer::insert(tx, &delivery).await?;
        tx.wake_on_commit(&self.wake);
        Ok(())
    }

    /// Deletes what was said before a time, whether anybody has had it or not: for an outbox that nobody reads.
    pub async fn forget_before(&self, time: Timestamp) -> Result<(), Error> {
        while store::producer::delete_before(&self.database, i64::MAX, time, TRIM_STEP).await? > 0 {}
        Ok(())
    }

    /// Where it lies.
    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    /// A reader of what is published here.
    pub fn source(&self) -> Source {
        let source = Source::new(self.database.clone(), Arc::clone(&self.wake), Arc::clone(&self.readers));
        if self.is_own { source } else { source.without_trimming() }
    }
}
