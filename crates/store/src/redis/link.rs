//! Whether there is a connection to the server: the one that everybody uses, or why there is none.
//!
//! One that fails is gone for everybody at once, so that nobody waits for a deadline where another has waited already.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;

use prosopa_telemetry::IntGauge;

/// The connection, while there is one.
pub(super) struct Link {
    state: RwLock<State>,
    lost: Notify,
    /// 1 while there is one, else 0; set while the state is held, so that it never tells of an older one.
    up: IntGauge,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// How many connections there were.
    generation: u64,
    /// Why there is none; none before the first attempt.
    reason: Option<String>,
}

impl Link {
    /// None yet.
    pub(super) fn new(up: IntGauge) -> Self {
        Self { state: RwLock::default(), lost: Notify::new(), up }
    }

    /// The connection and which one it is.
    pub(super) fn connection(&self) -> Option<(MultiplexedConnection, u64)> {
        let state = self.read();
        state.connection.clone().map(|connection| (connection, state.generation))
    }

    /// Fails with the reason while there is none.
    pub(super) fn check(&self) -> Result<(), String> {
        let state = self.read();
        match &state.connection {
            Some(_) => Ok(()),
            None => Err(state.reason.clone().unwrap_or_else(|| "not looked for yet".to_owned())),
        }
    }

    /// Everybody uses this one from now on. Whether that is a change.
    pub(super) fn mend(&self, connection: MultiplexedConnection) -> bool {
        let mut state = self.write();
        state.generation += 1;
        state.reason = None;
        self.up.set(1);
        state.connection.replace(connection).is_none()
    }

    /// Nobody uses the connection of this generation any more. Whether somebody did.
    pub(super) fn lose(&self, generation: u64, reason: &str) -> bool {
        let mut state = self.write();
        if state.generation != generation || state.connection.take().is_none() {
            return false;
        }
        state.reason = Some(reason.to_owned());
        self.up.set(0);
        drop(state);
        self.lost.notify_one();
        true
    }

    /// An attempt to connect has failed. Whether it is the first.
    pub(super) fn despair(&self, reason: &str) -> bool {
        self.write().reason.replace(reason.to_owned()).is_none()
    }

    /// Waits until the connection is lost.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
