//! Forgets jobs that have not changed for long and mails that ended long ago, so that both stay bounded.

use std::{error::Error, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use prosopa_model::Clock;
use prosopa_store::Database;

use crate::{
    config::Config,
    store::{jobs, mails},
};

/// Time between two sweeps.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// Rows deleted in one transaction.
const STEP: u32 = 500;

/// How long the ids of mails are known after their end.
const MAILS_KEPT: Duration = Duration::from_hours(7 * 24);

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
            let now = self.clock.now();
            let before = now.before(self.config.projection_kept());
            let forgotten =
                repeat(&stop, || jobs::forget_unchanged_since(&self.database, before, STEP)).await?;
            if forgotten > 0 {
                tracing::info!(forgotten, "old jobs are listed no more");
            }
            let before = now.before(MAILS_KEPT);
            let forgotten =
                repeat(&stop, || mails::forget_ended_before(&self.database, before, STEP)).await?;
            if forgotten > 0 {
                tracing::info!(forgotten, "old mails are known no more");
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }
}

/// Deletes step by step until little is left or it is to end; gives back how many rows.
async fn repeat<F>(stop: &CancellationToken, delete: impl Fn() -> F) -> Result<u64, prosopa_store::Error>
where
    F: Future<Output = Result<u64, prosopa_store::Error>>,
{
    let mut forgotten = 0;
    while !stop.is_cancelled() {
        let step = delete().await?;
        forgotten += step;
        if step < u64::from(STEP) {
            break;
        }
    }
    Ok(forgotten)
}
