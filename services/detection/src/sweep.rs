//! Removes pictures that lost their rows, left behind by a crash between the two or by a deletion that could not finish,
//! and keys of requests that are known for long enough. Moves the subjects' keys to the master key that seals now.

use std::{error::Error, time::Duration};

use tokio_util::sync::CancellationToken;

use prosopa_model::ImageId;
use prosopa_store::idempotency;

use crate::{state::State, store};

/// Time between two sweeps.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// A picture younger than this may still be waiting for its row.
const AGE_MIN: Duration = Duration::from_secs(3_600);

/// Rows deleted in one transaction.
const STEP: u32 = 500;

/// Sweeps now and then until `stop`.
pub(crate) async fn run(state: State, stop: CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
    loop {
        let swept = sweep(&state).await?;
        while state.vault.rewrap(STEP).await? > 0 {}
        while idempotency::delete_expired(&state.database, state.clock.now(), STEP).await? > 0 {}
        if swept > 0 {
            tracing::info!(swept, "pictures without a row removed");
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Removes what is old enough and has no row; gives back how many.
async fn sweep(state: &State) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let mut swept = 0;
    for name in state.blobs.list_before(state.clock.now().before(AGE_MIN)).await? {
        let Ok(id) = name.parse::<ImageId>() else { continue };
        if !store::images::exists(&state.database, id).await? {
            state.blobs.delete(&name).await?;
            swept += 1;
        }
    }
    Ok(swept)
}
