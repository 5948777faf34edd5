//! Removes pictures whose time is over, with all that was found in them: within a minute, whichever process is up.

use std::{error::Error, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{images, state::State, store};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(30);

/// Pictures that are looked up at once.
const STEP: u32 = 100;

/// Removes what is due, again and again until `stop`.
pub(crate) async fn run(state: State, stop: CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
    while !stop.is_cancelled() {
        remove_due(&state, &stop).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
    Ok(())
}

async fn remove_due(state: &State, stop: &CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut removed = 0_usize;
    while !stop.is_cancelled() {
        let rows = store::images::list_expired(&state.database, state.clock.now(), STEP).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            images::remove(state, row).await?;
        }
        removed += rows.len();
    }
    if removed > 0 {
        tracing::info!(removed, "pictures whose time was over removed");
    }
    Ok(())
}
