//! Where a service says what happened.

use std::sync::Arc;

use uuid::Uuid;

use prosopa_contract::events::Event;
use prosopa_model::{Clock, Timestamp};
use prosopa_store::{Bell, Database, Error, Tx};

use crate::{
    delivery::Delivery,
    source::{Readers, Source},
    store,
};

/// What the `CloudEvents` attribute `source` begins with; the service's name follows.
pub const SOURCE_PREFIX: &str = "prosopa/";

/// The bell that is rung where something was published.
const SAID: &str = "events_said";

/// Largest record of a broker; a batch of usage is the largest event.
pub(crate) const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What of a record is left to its headers, and to what the broker puts around it.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Largest event: the message, and its key, which a record holds twice.
pub const EVENT_BYTES_MAX: usize = RECORD_BYTES_MAX - HEADER_BYTES_MAX;

/// Rows deleted in one transaction.
const TRIM_STEP: i64 = 500;

/// A service's outbox. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    service: &'static str,
    database: Database,
    clock: Arc<dyn Clock>,
    wake: Bell,
    readers: Readers,
    /// Whether its service is in this process.
    is_own: bool,
}

impl Outbox {
    /// The outbox in a service's database, which has the tables of [`MIGRATION`](crate::MIGRATION).
    pub fn new(service: &'static str, database: Database, clock: Arc<dyn Clock>) -> Self {
        let wake = database.bell(SAID);
        Self { service, database, clock, wake, readers: Readers::default(), is_own: true }
    }

    /// The outbox of a service in another process, to be read here. What is published there is deleted there.
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

    /// Publishes with the transaction; its commit wakes the readers.
    ///
    /// An event of more than [`EVENT_BYTES_MAX`] is refused, whatever carries it: no broker would ever take it, and all
    /// that was said later would wait behind it.
    pub async fn publish<E: Event>(&self, tx: &mut Tx, event: &E) -> Result<(), Error> {
        self.publish_as(tx, Uuid::now_v7(), event).await
    }

    /// The same, under an id that its publisher makes of what it tells: said again it has the same id, and whoever has had
    /// it takes it for the same.
    ///
    /// Said again while it lies here still, the transaction fails: it would do again what was done.
    pub async fn publish_as<E: Event>(&self, tx: &mut Tx, event_id: Uuid, event: &E) -> Result<(), Error> {
        if event.encoded_len() + 2 * event.key().len() > EVENT_BYTES_MAX {
            return Err(Error::TooLarge { what: E::TYPE, bytes_max: EVENT_BYTES_MAX });
        }
        let delivery = Delivery {
            position: 0,
            event_id,
            topic: E::TOPIC.to_owned(),
            key: event.key().to_owned(),
            kind: E::TYPE.to_owned(),
            time: self.clock.now(),
            traceparent: prosopa_telemetry::current_traceparent(),
            data: event.encode_to_vec(),
        };
        store::producer::insert(tx, &delivery).await?;
        tx.ring_on_commit(&self.wake);
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
        let source = Source::new(self.database.clone(), self.wake.clone(), Arc::clone(&self.readers));
        if self.is_own { source } else { source.without_trimming() }
    }
}
