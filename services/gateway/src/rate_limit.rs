//! Rate limits in this process by the generic cell rate algorithm ([`CellRate`]): one number per caller, exact under
//! concurrency.
//!
//! A caller's *theoretical arrival time* (TAT) is when all it has sent so far would have been due at the allowed
//! rate. A TAT in the past says nothing, so such an entry may be forgotten.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use prosopa_model::{Cell, CellRate, Credential, Principal, RateLimit};
use prosopa_runtime::Network;

/// A power of two; few enough to be cheap, enough that two cores seldom meet.
const SHARDS: usize = 64;

/// Length of what tells one who is limited from another.
const RATE_KEY_BYTES: usize = 17;

/// Who is limited.
pub(crate) trait RateKey: Eq + Hash + Copy {
    /// What tells one from another, wherever they are counted.
    fn bytes(&self) -> [u8; RATE_KEY_BYTES];
}

/// Who is limited: a caller that was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallerKey {
    /// One API key.
    ApiKey(Uuid),
    /// One API client, whichever of its keys it signs with.
    Client(Uuid),
    /// A user, whatever sessions the user has.
    User(Uuid),
}

impl From<&Principal> for CallerKey {
    fn from(principal: &Principal) -> Self {
        match principal.credential {
            Credential::ApiKey(id) => Self::ApiKey(id.uuid()),
            Credential::Client(id) => Self::Client(id.uuid()),
            Credential::Session(_) => Self::User(principal.user_id.uuid()),
        }
    }
}

impl RateKey for CallerKey {
    fn bytes(&self) -> [u8; RATE_KEY_BYTES] {
        let (kind, id) = match self {
            Self::ApiKey(id) => (0, id),
            Self::Client(id) => (1, id),
            Self::User(id) => (2, id),
        };
        tagged(kind, id.as_bytes())
    }
}

impl RateKey for Network {
    fn bytes(&self) -> [u8; RATE_KEY_BYTES] {
        match self {
            Self::V4(address) => tagged(4, &address.to_be_bytes()),
            Self::V6(prefix) => tagged(6, &prefix.to_be_bytes()),
        }
    }
}

/// A kind and what is of one length for all of its kind.
fn tagged(kind: u8, value: &[u8]) -> [u8; RATE_KEY_BYTES] {
    let mut bytes = [0; RATE_KEY_BYTES];
    bytes[0] = kind;
    bytes[1..=value.len()].copy_from_slice(value);
    bytes
}

/// A request that was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Requests that could follow at once.
    pub(crate) remaining: u32,
    /// Time until the whole burst is there again.
    pub(crate) full_after: Duration,
}

/// A request that came too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast {
    /// Time until the next request would be admitted.
    pub(crate) retry_after: Duration,
    /// Time until the whole burst is there again.
    pub(crate) full_after: Duration,
}

/// A rate limit in the form that is reckoned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    limit: RateLimit,
    cells: CellRate,
}

impl Pace {
    /// Both numbers at most a million, which keeps all arithmetic within 64 bits.
    pub(crate) fn new(limit: RateLimit) -> Self {
        // Rounded up: never faster than the limit says.
        let interval_ns = 1_000_000_000_u64.div_ceil(u64::from(limit.requests_per_second.max(1)));
        Self { limit, cells: CellRate::new(Duration::from_nanos(interval_ns), limit.burst) }
    }

    /// What each of so many gateways may admit that do not know of each other, at least one request at once.
    pub(crate) fn share(&self, gateways: u32) -> Self {
        let gateways = gateways.max(1);
        let cells = CellRate::new(self.cells.interval() * gateways, self.limit.burst / gateways);
        Self { cells, ..*self }
    }

    /// The limit itself.
    pub(crate) const fn limit(&self) -> RateLimit {
        self.limit
    }

    /// The limit as cells that follow each other, one for each request.
    pub(crate) const fn cells(&self) -> CellRate {
        self.cells
    }

    /// What a decision means for who asked.
    pub(crate) fn judge(&self, cell: Cell) -> Result<Allowance, TooFast> {
        let Cell { is_admitted, ahead } = cell;
        if is_admitted {
            Ok(Allowance { remaining: self.cells.remaining(ahead), full_after: ahead })
        } else {
            Err(TooFast {
                retry_after: ahead.saturating_sub(self.cells.depth()),
                full_after: ahead.saturating_sub(self.cells.interval()),
            })
        }
    }
}

/// How fast each of many keys goes, as this process knows it.
pub(crate) struct RateLimiter<K> {
    hasher: RandomState,
    shards: Box<[Mutex<HashMap<K, u64>>]>,
    shard_entries_max: usize,
}

impl<K: Eq + Hash + Copy> RateLimiter<K> {
    /// A limiter that remembers about `entries_max` keys.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shard_entries_max: entries_max.div_ceil(SHARDS).max(2),
        }
    }

    /// Admits and counts a request at `now`, a monotonic time, or refuses it and counts nothing. The pace of a key may change
    /// from one request to the next.
    pub(crate) fn take(&self, pace: &Pace, key: K, now: Duration) -> Result<Allowance, TooFast> {
        let now = nanos(now);
        let mut shard = self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = shard.get_mut(&key) {
            let cell = pace.cells.take(Duration::from_nanos(arrival.saturating_sub(now)));
            if cell.is_admitted {
                *arrival = now + nanos(cell.ahead);
            }
            return pace.judge(cell);
        }
        let cell = pace.cells.take(Duration::ZERO);
        if shard.len() >= self.shard_entries_max {
            make_room(&mut shard, now);
        }
        shard.insert(key, now + nanos(cell.ahead));
        pace.judge(cell)
    }

    fn shard(&self, key: &K) -> &Mutex<HashMap<K, u64>> {
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        &self.shards[index]
    }
}

/// Forgets idle keys; where that gives little room, also the quarter of the rest that is least in debt.
///
/// Removing at least a quarter keeps the cost per insertion constant; who is most in debt stays limited, so that
/// nobody frees itself by flooding from other addresses.
fn make_room<K: Eq + Hash + Copy>(shard: &mut HashMap<K, u64>, now: u64) {
    let before = shard.len();
    shard.retain(|_, arrival| *arrival > now);
    if shard.len() <= before - before.div_ceil(4) {
        return;
    }
    let mut arrivals: Vec<(u64, K)> = shard.iter().map(|(key, arrival)| (*arrival, *key)).collect();
    let quarter = arrivals.len().div_ceil(4);
    arrivals.select_nth_unstable_by_key(quarter - 1, |(arrival, _)| *arrival);
    for (_, key) in &arrivals[..quarter] {
        shard.remove(key);
    }
}

/// Nanoseconds; enough for 584 years of uptime.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests;
