//! The connections to one service.
//!
//! A request takes the connection that was used last, or opens one. How many may be open is bounded; a place is held
//! from before the request is sent until the last byte of its answer.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use prosopa_runtime::{PeerConnector, PeerProtocol, UpstreamAddress};
use prosopa_telemetry::IntGauge;

use super::connection::Connection;
use crate::config::UpstreamConfig;

/// Longest time for which an unused connection is kept: less than the 5 seconds after which a service that is about to end
/// closes those that nobody has used meanwhile, so that no request meets a connection that is being closed.
const UNUSED_MAX: Duration = Duration::from_secs(2);

/// Connections to one service.
pub(super) struct Pool {
    address: UpstreamAddress,
    connector: PeerConnector,
    connect_timeout: Duration,
    places: Arc<Semaphore>,
    unused: Mutex<VecDeque<Unused>>,
    open: IntGauge,
}

/// The right to one connection.
pub(super) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

struct Unused {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// `open` shows how many there are.
    pub(super) fn new(
        address: UpstreamAddress,
        connector: PeerConnector,
        config: &UpstreamConfig,
        open: IntGauge,
    ) -> Self {
        let places = Arc::new(Semaphore::new(config.connections_max));
        let connect_timeout = Duration::from_millis(config.connect_timeout_ms);
        Self { address, connector, connect_timeout, places, unused: Mutex::default(), open }
    }

    /// A place for one connection; none where none becomes free in time.
    pub(super) async fn enter(&self) -> Option<Place> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(Place(permit));
        }
        let waited = timeout(self.connect_timeout, Arc::clone(&self.places).acquire_owned()).await;
        waited.ok()?.ok().map(Place)
    }

    /// The connection that was used last, if it leads to where the service is now.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Unused { connection, since }) = unused.pop_back() {
            if since.elapsed() >= UNUSED_MAX {
                // All others are older.
                unused.clear();
                return None;
            }
            if self.address.is(connection.address()) {
                return Some(connection);
            }
        }
        None
    }

    /// Opens a connection to where the service is now.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        let address = self.address.current();
        let opening = self.connector.connect(&address, PeerProtocol::Http1);
        let stream = match timeout(self.connect_timeout, opening).await {
            Ok(opened) => opened?,
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        };
        Connection::new(stream, address, &self.open).await.map_err(io::Error::other)
    }

    /// Keeps a connection that is ready for a request.
    pub(super) fn keep(&self, connection: Connection) {
        let unused = Unused { connection, since: Instant::now() };
        self.unused.lock().unwrap_or_else(PoisonError::into_inner).push_back(unused);
    }

    /// Closes what has not been used for long.
    pub(super) fn close_old(&self) {
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let old = unused.iter().take_while(|unused| unused.since.elapsed() >= UNUSED_MAX).count();
        unused.drain(..old);
    }
}
