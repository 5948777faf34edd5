//! Forgets jobs that have not changed for long, so that the list stays bounded.

use std::{error::Error, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use prosopa_model::Clock;
use prosopa_store::Database;

use crate::{config::Config, store::jobs};

/// Time between two sweeps.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// Rows deleted in one transaction.
const STEP: u32 = 500;

/// Where and when to sweep.
#[derive(Clone)]
pub(crate) struct Sweep {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
}

impl Sweep {
    /// Sweeps now and then until `stop`; to be supervised.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
        loop {
            let before = self.clock.now().before(self.config.projection_kept());
            let mut forgotten = 0;
            while !stop.is_cancelled() {
                let step = jobs::forget_unchanged_since(&self.database, before, STEP).await?;
                forgotten += step;
                if step < u64::from(STEP) {
                    break;
                }
            }
            if forgotten > 0 {
                tracing::info!(forgotten, "old jobs are listed no more");
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }
}
