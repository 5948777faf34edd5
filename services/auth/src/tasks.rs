//! What the service does beside answering.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use prosopa_runtime::{BuildError, Task, TaskKind};

use crate::{clients, credential_changes, error::Error, hash_key, password_resets, state::State};

const SWEEP_PERIOD: Duration = Duration::from_secs(60);
const ROTATION_PERIOD: Duration = Duration::from_secs(60);
const FLUSH_PERIOD: Duration = Duration::from_secs(5);

/// Rows deleted in one transaction: others wait for the write lock meanwhile.
const SWEEP_BATCH: u32 = 500;

/// How long keys and clients that were revoked or expired are kept: who asks what they were used for, asks by then.
const ENDED_KEYS_KEPT: Duration = Duration::from_hours(90 * 24);

pub(crate) fn all(state: &State) -> Vec<Task> {
    let [sweeper, rotator, flusher] = [(); 3].map(|()| state.clone());
    vec![
        Task::new("auth-expiry", TaskKind::Restart, move |stop| sweep_forever(sweeper.clone(), stop)),
        Task::new("auth-signing-keys", TaskKind::Restart, move |stop| rotate_forever(rotator.clone(), stop)),
        Task::new("auth-key-use", TaskKind::Restart, move |stop| flush_forever(flusher.clone(), stop)),
    ]
}

async fn sweep_forever(state: State, stop: CancellationToken) -> Result<(), BuildError> {
    loop {
        while sweep(&state).await? && !stop.is_cancelled() {}
        while state.store.delete_expired_claims(state.clock.now(), SWEEP_BATCH).await? > 0 {}
        if pause(SWEEP_PERIOD, &stop).await.is_stopped() {
            return Ok(());
        }
    }
}

/// Deletes one batch of what has expired; says whether there may be more.
async fn sweep(state: &State) -> Result<bool, Error> {
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    let deleted = tx.delete_expired_sessions(now, SWEEP_BATCH).await?
        + tx.delete_ended_api_keys(now.before(ENDED_KEYS_KEPT), SWEEP_BATCH).await?
        + tx.delete_ended_client_keys(now, SWEEP_BATCH).await?
        + tx.delete_ended_clients(now.before(ENDED_KEYS_KEPT), SWEEP_BATCH).await?
        + tx.delete_oidc_returns(now, SWEEP_BATCH).await?
        + tx.delete_password_resets(now.before(password_resets::HOUR), SWEEP_BATCH).await?
        + tx.delete_old_changes(credential_changes::KEPT, SWEEP_BATCH).await?;
    if deleted > 0 {
        tx.commit().await?;
    }
    Ok(deleted >= u64::from(SWEEP_BATCH))
}

async fn rotate_forever(state: State, stop: CancellationToken) -> Result<(), BuildError> {
    loop {
        state.signing_keys.rotate().await?;
        hash_key::rewrap(&state.store, &state.keyring).await?;
        clients::rewrap(&state.store, &state.keyring).await?;
        if pause(ROTATION_PERIOD, &stop).await.is_stopped() {
            return Ok(());
        }
    }
}

async fn flush_forever(state: State, stop: CancellationToken) -> Result<(), BuildError> {
    loop {
        let paused = pause(FLUSH_PERIOD, &stop).await;
        let flushed = state.key_use.flush(&state.store).await;
        if paused.is_stopped() {
            if let Err(error) = flushed {
                tracing::warn!(%error, "the last uses of keys are lost");
            }
            return Ok(());
        }
        flushed?;
    }
}

enum Pause {
    Over,
    Stopped,
}

impl Pause {
    const fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped)
    }
}

async fn pause(period: Duration, stop: &CancellationToken) -> Pause {
    tokio::select! {
        () = stop.cancelled() => Pause::Stopped,
        () = tokio::time::sleep(period) => Pause::Over,
    }
}
