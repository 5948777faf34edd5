//! The leases that this process holds: what is extended, called off, and given back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_model::JobId;

/// How long a worker has a job without saying that it still works.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// Every lease held here, by job and token: a job that was lost and claimed again is there twice.
#[derive(Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<(JobId, Uuid), Signals>>>);

/// How a running handler is reached.
#[derive(Debug, Clone)]
struct Signals {
    worker: Uuid,
    cancelled: CancellationToken,
    lost: CancellationToken,
}

/// A lease for as long as this lives; what it guards in the database is not touched by dropping it.
pub(crate) struct Lease {
    pub(crate) id: JobId,
    pub(crate) token: Uuid,
    pub(crate) cancelled: CancellationToken,
    pub(crate) lost: CancellationToken,
    running: Running,
}

impl Running {
    /// Takes note of a lease.
    pub(crate) fn hold(&self, id: JobId, token: Uuid, worker: Uuid) -> Lease {
        let signals = Signals { worker, cancelled: CancellationToken::new(), lost: CancellationToken::new() };
        let (cancelled, lost) = (signals.cancelled.clone(), signals.lost.clone());
        self.entries().insert((id, token), signals);
        Lease { id, token, cancelled, lost, running: self.clone() }
    }

    /// Every lease, in the order of the jobs.
    pub(crate) fn all(&self) -> Vec<(JobId, Uuid)> {
        self.list(|_| true)
    }

    /// The leases of one worker, in the order of the jobs.
    pub(crate) fn of_worker(&self, worker: Uuid) -> Vec<(JobId, Uuid)> {
        self.list(|signals| signals.worker == worker)
    }

    fn list(&self, is_wanted: impl Fn(&Signals) -> bool) -> Vec<(JobId, Uuid)> {
        let entries = self.entries();
        let wanted = entries.iter().filter(|(_, signals)| is_wanted(signals));
        let mut keys: Vec<(JobId, Uuid)> = wanted.map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }

    /// Tells whoever runs the job that it is to be called off.
    pub(crate) fn cancel(&self, id: JobId) {
        let entries = self.entries();
        let held = entries.iter().filter(|((held, _), _)| *held == id);
        held.for_each(|(_, signals)| signals.cancelled.cancel());
    }

    /// Tells a handler that its lease is somebody else's.
    pub(crate) fn lose(&self, id: JobId, token: Uuid) {
        if let Some(signals) = self.entries().get(&(id, token)) {
            signals.lost.cancel();
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<(JobId, Uuid), Signals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.running.entries().remove(&(self.id, self.token));
    }
}
