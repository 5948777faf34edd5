//! Removes pictures that lost their rows, left behind by a crash between the two or by a deletion that could not finish,
//! and keys of requests that are known for long enough. Moves the subjects' keys to the master key that seals now.

use std::{error::Error, time::Duration};

use tokio_util::sync::CancellationToken;

use prosopa_model::ImageId;
use prosopa_store::idempotency;

use crate::{state::State, store};

/// Time between two sweeps.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// Time until it is tried again where one could not finish.
const PAUSE: Duration = Duration::from_secs(60);

/// A picture younger than this may still be waiting for its row.
const AGE_MIN: Duration = Duration::from_secs(3_600);

/// Rows deleted in one transaction.
const STEP: u32 = 500;

/// Sweeps now and then until `stop`.
pub(crate) async fn run(state: State, stop: CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
    loop {
        // The rest needs no pictures, so it does not wait until their place can be used again.
        let pause = match sweep(&state, &stop).await {
            Ok(()) => INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "pictures without a row stay until the next sweep");
                PAUSE
            }
        };
        while state.vault.rewrap(STEP).await? > 0 {}
        while idempotency::delete_expired(&state.database, state.clock.now(), STEP).await? > 0 {}
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Removes what is old enough and has no row.
///
/// It ends at the first fault: each picture counts for itself, and the next sweep begins again.
async fn sweep(state: &State, stop: &CancellationToken) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut swept = 0;
    let outcome = sweep_counting(state, stop, &mut swept).await;
    if swept > 0 {
        tracing::info!(swept, "pictures without a row removed");
    }
    outcome
}

async fn sweep_counting(
    state: &State,
    stop: &CancellationToken,
    swept: &mut usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut names = state.blobs.list_before(state.clock.now().before(AGE_MIN));
    while !stop.is_cancelled() {
        let Some(name) = names.next().await? else { break };
        let Ok(id) = name.parse::<ImageId>() else { continue };
        if !store::images::exists(&state.database, id).await? {
            state.blobs.delete(&name).await?;
            *swept += 1;
        }
    }
    Ok(())
}
