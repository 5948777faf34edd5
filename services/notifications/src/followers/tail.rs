//! Reads what is listed anew, whichever process listed it, and tells the followers of this one.

use std::{error::Error, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use prosopa_store::{Bell, Database};

use super::Followers;
use crate::store::jobs;

/// Longest time between two looks: a ring of another process may be lost.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Jobs read at once; no more than may wait for one follower.
const BATCH: u32 = 100;

/// Reads the list behind what was told last.
pub(crate) struct Tail {
    database: Database,
    followers: Arc<Followers>,
    listed: Bell,
    /// Number of the last change that was told.
    told: i64,
}

impl Tail {
    /// Begins behind everything that is listed now, before anybody follows; `listed` rings when something is listed.
    pub(crate) async fn begin(
        database: Database,
        followers: Arc<Followers>,
        listed: Bell,
    ) -> Result<Self, prosopa_store::Error> {
        let told = jobs::find_newest_change(&database).await?;
        Ok(Self { database, followers, listed, told })
    }

    /// Tells until `stop`; to be supervised. A restart goes on where it was.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
        let listed = self.listed.clone();
        while !stop.is_cancelled() {
            let rung = listed.notified();
            tokio::pin!(rung);
            // From here on no ring is missed; what was listed before is read.
            rung.as_mut().enable();
            let changed = jobs::list_changes(&self.database, self.told, BATCH).await?;
            let is_last = changed.len() < BATCH as usize;
            let told = changed.last().map_or(self.told, |row| row.change_number);
            self.followers.tell(changed)?;
            self.told = told;
            if !is_last {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = rung => {}
                () = tokio::time::sleep(LOOK_PERIOD) => {}
            }
        }
        Ok(())
    }
}
