//! Who in this process waits for the end of which job.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::Notify;

use prosopa_model::JobId;

/// Entries below which nothing is tidied.
const TIDY_FROM: usize = 64;

/// One bell for each job that somebody holds it of.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Bells>);

#[derive(Default)]
struct Bells {
    by_job: HashMap<JobId, Weak<Notify>>,
    tidy_at: usize,
}

impl Waiting {
    /// The job's bell, for whoever waits or will ring.
    pub(crate) fn bell(&self, id: JobId) -> Arc<Notify> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.by_job.get(&id).and_then(Weak::upgrade) {
            return bell;
        }
        if bells.by_job.len() >= bells.tidy_at {
            bells.by_job.retain(|_, bell| bell.strong_count() > 0);
            bells.tidy_at = (bells.by_job.len() * 2).max(TIDY_FROM);
        }
        let bell = Arc::new(Notify::new());
        bells.by_job.insert(id, Arc::downgrade(&bell));
        bell
    }
}
