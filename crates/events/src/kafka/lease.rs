//! The right to carry a service's events, which one process has at a time.

use std::time::Duration;

use prosopa_store::{Database, Error};
use tokio::time::Instant;
use uuid::Uuid;

use crate::store::relays;

/// A process's claim to one relay.
pub(super) struct Lease {
    database: Database,
    relay: String,
    owner: Uuid,
    length: Duration,
    renewed_at: Instant,
}

impl Lease {
    pub(super) fn new(database: Database, relay: String, length: Duration) -> Self {
        Self { database, relay, owner: Uuid::now_v7(), length, renewed_at: Instant::now() }
    }

    /// Takes it, or keeps it; where the events are that nobody has carried, or none while another process has it.
    pub(super) async fn take(&mut self) -> Result<Option<i64>, Error> {
        let asked_at = Instant::now();
        let position = relays::take(&self.database, &self.relay, self.owner, self.length).await?;
        self.renewed_at = asked_at;
        Ok(position)
    }

    /// Notes how far everything was carried; false where it was lost.
    pub(super) async fn advance(&mut self, position: i64) -> Result<bool, Error> {
        let asked_at = Instant::now();
        let is_held = relays::advance(&self.database, &self.relay, self.owner, position, self.length).await?;
        self.renewed_at = asked_at;
        Ok(is_held)
    }

    /// Whether it is time to say that it is still needed.
    pub(super) fn is_to_be_renewed(&self) -> bool {
        self.renewed_at.elapsed() >= self.pause()
    }

    /// Time between two looks.
    pub(super) fn pause(&self) -> Duration {
        self.length / 3
    }

    /// Gives it back, so that the next one need not wait for its end.
    pub(super) async fn release(&self) -> Result<(), Error> {
        relays::release(&self.database, &self.relay, self.owner).await
    }
}
