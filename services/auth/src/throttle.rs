//! How often something may be tried, as all processes of the service count it together: in Redis where there is one, and
//! here where there is none or while it is lost.

use std::time::Duration;

use prosopa_model::{CellRate, Timestamp};
use prosopa_store::{Redis, RedisKey};

use crate::login_throttle::{LoginThrottle, NameDigest, TooManyFailures};

/// One limit for each of many names.
pub(crate) struct Throttle {
    purpose: &'static str,
    cells: CellRate,
    here: LoginThrottle,
    redis: Option<Redis>,
}

/// What an attempt is counted under, in a form that tells nobody what it is.
pub(crate) struct Counted {
    here: NameDigest,
    shared: Option<RedisKey>,
}

/// Where an attempt was counted, and is to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// By this process alone.
    Here,
    /// By all of them.
    Shared,
}

impl Throttle {
    /// Counts by the limit of `here`; `purpose` keeps throttles apart.
    pub(crate) fn new(purpose: &'static str, here: LoginThrottle, redis: Option<Redis>) -> Self {
        Self { purpose, cells: here.cells(), here, redis }
    }

    /// What a name is counted under; `kind` keeps kinds of names apart.
    pub(crate) fn counted(&self, kind: &'static str, name: &[u8]) -> Counted {
        let shared = self.redis.as_ref().map(|redis| redis.key(self.purpose, &[kind.as_bytes(), name]));
        Counted { here: self.here.digest(kind, name), shared }
    }

    /// Counts an attempt as failed until it is known better, or refuses it and counts nothing.
    pub(crate) async fn begin(&self, counted: &Counted, now: Timestamp) -> Result<Place, TooManyFailures> {
        if let Some((redis, key)) = self.shared(counted)
            && let Ok(cell) = redis.take(key, self.cells).await
        {
            let retry_after = cell.ahead.saturating_sub(self.cells.depth());
            return if cell.is_admitted { Ok(Place::Shared) } else { Err(TooManyFailures { retry_after }) };
        }
        self.here.begin(counted.here, now).map(|()| Place::Here)
    }

    /// Takes back one attempt that neither succeeded nor failed. Where Redis is lost by now it stays counted for an interval.
    pub(crate) async fn give_back(&self, counted: &Counted, place: Place) {
        match (place, self.shared(counted)) {
            (Place::Shared, Some((redis, key))) => {
                let _ = redis.give_back(key, self.interval()).await;
            }
            _ => self.here.give_back(counted.here),
        }
    }

    /// Takes back an attempt that succeeded, and forgets the failures before it where that is done.
    pub(crate) async fn succeed(&self, counted: &Counted, place: Place) {
        if self.here.forgives() { self.reset(counted).await } else { self.give_back(counted, place).await }
    }

    /// Forgets the failures of a name.
    pub(crate) async fn reset(&self, counted: &Counted) {
        self.here.reset(counted.here);
        if let Some((redis, key)) = self.shared(counted) {
            // They are paid off by themselves.
            let _ = redis.forget(key).await;
        }
    }

    const fn interval(&self) -> Duration {
        self.cells.interval()
    }

    fn shared<'a>(&'a self, counted: &'a Counted) -> Option<(&'a Redis, &'a RedisKey)> {
        self.redis.as_ref().zip(counted.shared.as_ref())
    }
}
