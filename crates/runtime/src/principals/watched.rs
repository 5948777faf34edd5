//! Keys from a file that may change while the process runs.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use prosopa_model::Timestamp;

use super::PrincipalKeyError;

/// Time after which the file is read again in any case: a key that was taken out is used no longer than this.
pub(super) const AGE_MAX: Duration = Duration::from_secs(60);

/// Time after which it is read again for a key that is not known; no caller can make it be read more often.
pub(super) const AGE_MAX_UNKNOWN: Duration = Duration::from_secs(1);

type Read<K> = Box<dyn Fn() -> Result<K, PrincipalKeyError> + Send + Sync>;

/// What was read from a file, and how to read it again.
pub(super) struct Watched<K> {
    read: Read<K>,
    state: RwLock<State<K>>,
}

struct State<K> {
    keys: Arc<K>,
    read_at: Timestamp,
}

impl<K> Watched<K> {
    /// Reads for the first time.
    pub(super) fn open(
        read: impl Fn() -> Result<K, PrincipalKeyError> + Send + Sync + 'static,
    ) -> Result<Self, PrincipalKeyError> {
        let state = State { keys: Arc::new(read()?), read_at: Timestamp::MIN };
        Ok(Self { read: Box::new(read), state: RwLock::new(state) })
    }

    /// The keys as they were read last.
    pub(super) fn latest(&self) -> Arc<K> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// The keys as they were at most `age_max` before `now`; older ones where the file cannot be read.
    pub(super) fn as_of(&self, now: Timestamp, age_max: Duration) -> Arc<K> {
        if let Some(keys) = self.state.read().unwrap_or_else(PoisonError::into_inner).if_fresh(now, age_max) {
            return keys;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have read while this one waited.
        if let Some(keys) = state.if_fresh(now, age_max) {
            return keys;
        }
        match (self.read)() {
            Ok(keys) => state.keys = Arc::new(keys),
            Err(error) => tracing::warn!(%error, "the keys of principals stay as they were"),
        }
        state.read_at = now;
        Arc::clone(&state.keys)
    }

    /// Replaces the keys by what `change` has put into the file.
    pub(super) fn change(
        &self,
        change: impl FnOnce() -> Result<(), PrincipalKeyError>,
    ) -> Result<(), PrincipalKeyError> {
        // Under the lock, or an older reading could come last.
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change()?;
        state.keys = Arc::new((self.read)()?);
        Ok(())
    }
}

impl<K> State<K> {
    /// A reading from the future is none: the clock was set back since.
    fn if_fresh(&self, now: Timestamp, age_max: Duration) -> Option<Arc<K>> {
        let is_fresh = self.read_at <= now && now.since(self.read_at) < age_max;
        is_fresh.then(|| Arc::clone(&self.keys))
    }
}
