//! Publishes what spools tell: of this run as it comes, and of earlier runs, whose locks nobody holds, to the end.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use prosopa_contract::events::EncodedUsageRecorded;
use prosopa_events::Outbox;
use prosopa_model::Clock;
use prosopa_store::Database;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    LOCK_FILE,
    reader::{Position, Reader},
    spool::Spool,
};
use crate::{metrics::SpoolMetrics, store::usage};

/// Records in one event.
const BATCH_MAX: usize = 200;

/// How long records wait for others.
const INTERVAL: Duration = Duration::from_millis(250);

/// How often spools of earlier runs are looked for: one may still have been ending when this run began.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// How long it is remembered that a spool was published, lest its files outlive their removal.
const REMEMBERED: Duration = Duration::from_hours(24 * 30);

/// Publishing has to wait.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShipError {
    /// A spool cannot be read.
    #[error("a spool of usage cannot be read: {0}")]
    Spool(#[from] io::Error),
    /// Nothing can be published.
    #[error("usage cannot be published: {0}")]
    Store(#[from] prosopa_store::Error),
}

/// See the module.
pub(crate) struct Shipper {
    database: Database,
    outbox: Outbox,
    clock: Arc<dyn Clock>,
    metrics: SpoolMetrics,
    /// Where the spools are.
    parent: PathBuf,
    /// That of this run.
    own: Spool,
    own_id: Uuid,
}

/// A spool on its way out.
struct Voyage {
    reader: Reader,
    /// Read and not published yet; each an encoded record.
    pending: Vec<Vec<u8>>,
    /// Up to where records were published.
    published: Position,
}

impl Voyage {
    fn event_of(&self, records: Vec<Vec<u8>>) -> EncodedUsageRecorded {
        EncodedUsageRecorded { spool_id: self.reader.spool_id.to_string(), records }
    }
}

impl Shipper {
    /// Publishes the spools below `parent`, of which one is being written.
    pub(crate) fn new(
        database: Database,
        outbox: Outbox,
        clock: Arc<dyn Clock>,
        metrics: SpoolMetrics,
        parent: PathBuf,
        (own, own_id): (Spool, Uuid),
    ) -> Self {
        Self { database, outbox, clock, metrics, parent, own, own_id }
    }

    /// Publishes until the end is asked for. After an error it begins again where it was.
    pub(crate) async fn run(&self, stop: &CancellationToken) -> Result<(), ShipError> {
        let mut own = self.set_out(self.own_id).await?;
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = ticks.tick() => self.ship_own(&mut own).await?,
                _ = looks.tick() => self.ship_earlier(stop).await?,
            }
        }
        // Nothing is answered any more.
        self.ship_own(&mut own).await
    }

    async fn ship_own(&self, own: &mut Voyage) -> Result<(), ShipError> {
        self.own.flush();
        while self.ship(own).await? {}
        Ok(())
    }

    /// Spools that nobody writes any more, one after the other.
    async fn ship_earlier(&self, stop: &CancellationToken) -> Result<(), ShipError> {
        usage::forget_positions(&self.database, self.clock.now().before(REMEMBERED)).await?;
        for id in list_spools(&self.parent)? {
            if id == self.own_id || stop.is_cancelled() {
                continue;
            }
            // Held until it is gone, so that no other process publishes it too.
            let lock = File::open(self.parent.join(id.to_string()).join(LOCK_FILE));
            let Ok(lock) = lock else { continue };
            if lock.try_lock().is_err() {
                continue;
            }
            let mut voyage = self.set_out(id).await?;
            while self.ship(&mut voyage).await? {}
            let unknown = self.ship_open(&mut voyage).await?;
            voyage.reader.remove()?;
            tracing::info!(spool_id = %id, unknown, "the usage of an earlier run is published");
        }
        Ok(())
    }

    async fn set_out(&self, id: Uuid) -> Result<Voyage, ShipError> {
        let mut connection = self.database.read().await?;
        let published = usage::find_position(&mut connection, id).await?;
        let published = published.map_or_else(Position::default, Position::of_number);
        let folder = self.parent.join(id.to_string());
        Ok(Voyage { reader: Reader::new(folder, id, published)?, pending: Vec::new(), published })
    }

    /// Publishes some records; whether there were any.
    async fn ship(&self, voyage: &mut Voyage) -> Result<bool, ShipError> {
        if voyage.pending.is_empty() {
            // A chunk is small, and has just been written: reading it keeps nobody waiting.
            voyage.pending = voyage.reader.read_some(BATCH_MAX)?;
        }
        if voyage.pending.is_empty() {
            return Ok(false);
        }
        let records = std::mem::take(&mut voyage.pending);
        let event = voyage.event_of(records);
        if let Err(error) = self.publish(voyage, &event, voyage.reader.position).await {
            voyage.pending = event.records;
            return Err(error.into());
        }
        voyage.reader.remove_published()?;
        Ok(true)
    }

    /// What has no end in a spool that nobody writes any more; how many requests it were.
    async fn ship_open(&self, voyage: &mut Voyage) -> Result<usize, ShipError> {
        let open = voyage.reader.close();
        let done = voyage.published.closed();
        for (index, records) in open.chunks(BATCH_MAX).enumerate().skip(done) {
            let event = voyage.event_of(records.to_vec());
            self.publish(voyage, &event, Position::closing(index + 1)).await?;
        }
        Ok(open.len())
    }

    async fn publish(
        &self,
        voyage: &mut Voyage,
        event: &EncodedUsageRecorded,
        position: Position,
    ) -> Result<(), prosopa_store::Error> {
        let spool_id = voyage.reader.spool_id;
        let (before, after) = (voyage.published.to_number(), position.to_number());
        let mut tx = self.database.begin().await?;
        // Otherwise a commit that was not confirmed took place.
        if usage::move_position(&mut tx, spool_id, before, after, self.clock.now()).await? {
            self.outbox.publish(&mut tx, event).await?;
            tx.commit().await?;
            self.metrics.published.inc_by(event.records.len() as u64);
        }
        voyage.published = position;
        Ok(())
    }
}

/// The spools that there are.
fn list_spools(parent: &Path) -> io::Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        ids.extend(entry?.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok()));
    }
    ids.sort_unstable();
    Ok(ids)
}
