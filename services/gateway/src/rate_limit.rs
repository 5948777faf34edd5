//! Rate limits by the generic cell rate algorithm: one number per caller, exact under concurrency.
//!
//! A caller's *theoretical arrival time* (TAT) is when all it has sent so far would have been due at the allowed
//! rate. A request moves it on by one interval and is admitted while it stays within `burst` intervals from now
//! (ITU-T I.371, virtual scheduling). A TAT in the past says nothing, so such an entry may be forgotten.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use prosopa_model::{Credential, Principal, RateLimit};

/// A power of two; few enough to be cheap, enough that two cores seldom meet.
const SHARDS: usize = 64;

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

/// Who is limited: a client's network, one address of IPv4 or the /64 of IPv6 that one customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NetworkKey {
    /// All 32 bits.
    V4(u32),
    /// The upper 64 bits.
    V6(u64),
}

impl From<IpAddr> for NetworkKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
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
    interval_ns: u64,
    depth_ns: u64,
}

impl Pace {
    /// Both numbers at most a million, which keeps all arithmetic within 64 bits.
    pub(crate) fn new(limit: RateLimit) -> Self {
        // Rounded up: never faster than the limit says.
        let interval_ns = 1_000_000_000_u64.div_ceil(u64::from(limit.requests_per_second.max(1)));
        Self { limit, interval_ns, depth_ns: interval_ns * u64::from(limit.burst) }
    }

    /// The limit itself.
    pub(crate) const fn limit(&self) -> RateLimit {
        self.limit
    }

    fn judge(&self, next: u64, now: u64) -> Result<Allowance, TooFast> {
        let ahead = next - now;
        match self.depth_ns.checked_sub(ahead) {
            Some(left) => {
                let remaining = u32::try_from(left / self.interval_ns).unwrap_or(u32::MAX);
                Ok(Allowance { remaining, full_after: Duration::from_nanos(ahead) })
            }
            None => Err(TooFast {
                retry_after: Duration::from_nanos(ahead - self.depth_ns),
                full_after: Duration::from_nanos(ahead - self.interval_ns),
            }),
        }
    }
}

/// How fast each of many keys goes.
pub(crate) struct RateLimiter<K> {
    pace: Pace,
    hasher: RandomState,
    shards: Box<[Mutex<HashMap<K, u64>>]>,
    shard_entries_max: usize,
}

impl<K: Eq + Hash + Copy> RateLimiter<K> {
    /// A limiter that remembers about `entries_max` keys; `limit` is that of keys for which no other pace is given.
    pub(crate) fn new(limit: RateLimit, entries_max: usize) -> Self {
        Self {
            pace: Pace::new(limit),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shard_entries_max: entries_max.div_ceil(SHARDS).max(2),
        }
    }

    /// The limit of keys for which no other pace is given.
    pub(crate) const fn limit(&self) -> RateLimit {
        self.pace.limit
    }

    /// Admits and counts a request at `now`, a monotonic time, or refuses it and counts nothing.
    pub(crate) fn take(&self, key: K, now: Duration) -> Result<Allowance, TooFast> {
        self.take_at(&self.pace, key, now)
    }

    /// The same for a key that has a pace of its own. The pace may change from one request to the next.
    pub(crate) fn take_at(&self, pace: &Pace, key: K, now: Duration) -> Result<Allowance, TooFast> {
        let now = nanos(now);
        let mut shard = self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = shard.get_mut(&key) {
            // What a slower pace has left behind is more than this one would ever have let pass: one request is left.
            let is_of_another = *arrival > now + pace.depth_ns;
            let due =
                if is_of_another { now + pace.depth_ns - pace.interval_ns } else { (*arrival).max(now) };
            let next = due + pace.interval_ns;
            let allowance = pace.judge(next, now)?;
            *arrival = next;
            return Ok(allowance);
        }
        let next = now + pace.interval_ns;
        let allowance = pace.judge(next, now)?;
        if shard.len() >= self.shard_entries_max {
            make_room(&mut shard, now);
        }
        shard.insert(key, next);
        Ok(allowance)
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
