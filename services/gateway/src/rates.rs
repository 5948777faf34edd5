//! Rates that hold for all gateways together where there is a Redis, and for this one where there is none.
//!
//! While Redis is lost, each gateway admits its share, so that they do not admit more together than one would. Does not know
//! who is limited, nor why.

use std::time::Duration;

use prosopa_model::RateLimit;
use prosopa_store::Redis;

use crate::rate_limit::{Allowance, Pace, RateKey, RateLimiter, TooFast};

/// What all rates of a gateway have in common.
#[derive(Clone)]
pub(crate) struct Sharing {
    /// Where the gateways count together.
    pub(crate) redis: Option<Redis>,
    /// How many gateways there are.
    pub(crate) gateways: u32,
    /// How many keys are remembered here.
    pub(crate) entries_max: usize,
}

/// How fast each of many keys goes.
pub(crate) struct Rates<K> {
    purpose: &'static str,
    pace: Pace,
    here: RateLimiter<K>,
    sharing: Sharing,
}

impl<K: RateKey> Rates<K> {
    /// Rates of a purpose of their own; `limit` is that of keys for which no other pace is given.
    pub(crate) fn new(purpose: &'static str, limit: RateLimit, sharing: &Sharing) -> Self {
        let here = RateLimiter::new(sharing.entries_max);
        Self { purpose, pace: Pace::new(limit), here, sharing: sharing.clone() }
    }

    /// The limit of keys for which no other pace is given.
    pub(crate) const fn limit(&self) -> RateLimit {
        self.pace.limit()
    }

    /// Admits and counts a request, or refuses it and counts nothing; here it is `now`, a monotonic time, and in Redis
    /// what it is there.
    pub(crate) async fn take(&self, key: K, now: Duration) -> Result<Allowance, TooFast> {
        self.take_at(&self.pace, key, now).await
    }

    /// The same for a key that has a pace of its own. The pace may change from one request to the next.
    pub(crate) async fn take_at(&self, pace: &Pace, key: K, now: Duration) -> Result<Allowance, TooFast> {
        let Some(redis) = &self.sharing.redis else { return self.here.take(pace, key, now) };
        let shared = redis.key(self.purpose, &[&key.bytes()]);
        match redis.take(&shared, pace.cells()).await {
            Ok(cell) => pace.judge(cell),
            Err(_) => self.here.take(&pace.share(self.sharing.gateways), key, now),
        }
    }
}
