//! How often the password of one name may be guessed, and how often those of one network may guess, as this process knows it.
//!
//! The generic cell rate algorithm (ITU-T I.371) over failures: for each name the time at which its failures are paid
//! off. Names that nobody has are counted like the others, so that a refusal tells nothing. An attempt counts from its
//! beginning and is given back unless it fails: guesses made at once are no cheaper. A name and an address of one user
//! count apart, for that they belong together is not to be told either.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prosopa_model::{CellRate, Timestamp};

/// Names remembered; each takes 24 bytes. With one hash for each failure hardly so many are in debt at a time.
const NAMES_MAX: usize = 65_536;

/// The same limit of failures for each of many names.
pub(crate) struct LoginThrottle {
    /// Whether a success forgets the failures before it.
    forgives: bool,
    burst: u32,
    interval: Duration,
    /// Debt of a name that may not fail again just now.
    depth: Duration,
    names_max: usize,
    hasher: RandomState,
    /// When the failures of a name are paid off.
    paid_off: Mutex<HashMap<NameDigest, Timestamp>>,
}

/// A name, an address or a network in few bytes and in a form that nobody outside can make two names share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NameDigest(u64);

/// A name failed too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyFailures {
    /// Time until the next attempt is welcome.
    pub(crate) retry_after: Duration,
}

impl LoginThrottle {
    /// Allows `burst` failures at once, and one every `interval` in the long run. Who succeeds has a name and is forgiven.
    pub(crate) fn of_names(burst: u32, interval: Duration) -> Self {
        Self::new(true, burst, interval)
    }

    /// The same for networks: a success there, with a name of the attacker's own, forgives nothing.
    pub(crate) fn of_networks(burst: u32, interval: Duration) -> Self {
        Self::new(false, burst, interval)
    }

    fn new(forgives: bool, burst: u32, interval: Duration) -> Self {
        Self {
            forgives,
            burst,
            interval,
            depth: interval.saturating_mul(burst),
            names_max: NAMES_MAX,
            hasher: RandomState::new(),
            paid_off: Mutex::default(),
        }
    }

    /// The limit as cells that follow each other, one for each failure.
    pub(crate) fn cells(&self) -> CellRate {
        CellRate::new(self.interval, self.burst)
    }

    /// Whether a success forgets the failures before it.
    pub(crate) const fn forgives(&self) -> bool {
        self.forgives
    }

    /// What a name is counted under; `kind` keeps names and addresses apart.
    pub(crate) fn digest(&self, kind: &'static str, key: impl Hash) -> NameDigest {
        NameDigest(self.hasher.hash_one((kind, key)))
    }

    /// Counts an attempt as failed until it is known better, or refuses it and counts nothing.
    pub(crate) fn begin(&self, name: NameDigest, now: Timestamp) -> Result<(), TooManyFailures> {
        let mut paid_off = self.lock();
        // No debt is deeper; one that seems so is left from before the clock was set back.
        let debt = paid_off.get(&name).map_or(Duration::ZERO, |time| time.since(now).min(self.depth));
        let next = debt + self.interval;
        if next > self.depth {
            return Err(TooManyFailures { retry_after: next - self.depth });
        }
        if paid_off.len() >= self.names_max && !paid_off.contains_key(&name) {
            make_room(&mut paid_off, now);
        }
        paid_off.insert(name, now.after(next));
        Ok(())
    }

    /// Takes back one attempt that neither succeeded nor failed.
    pub(crate) fn give_back(&self, name: NameDigest) {
        if let Some(time) = self.lock().get_mut(&name) {
            *time = time.before(self.interval);
        }
    }

    /// Forgets the failures of a name.
    pub(crate) fn reset(&self, name: NameDigest) {
        self.lock().remove(&name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NameDigest, Timestamp>> {
        self.paid_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets names without debt; where that gives little room, also the quarter of the rest that owes least.
///
/// A quarter at a time keeps the cost of a name constant; who owes most stays refused, whatever others are tried.
fn make_room(paid_off: &mut HashMap<NameDigest, Timestamp>, now: Timestamp) {
    let before = paid_off.len();
    paid_off.retain(|_, time| *time > now);
    if paid_off.len() <= before - before.div_ceil(4) {
        return;
    }
    let mut debts: Vec<(Timestamp, NameDigest)> =
        paid_off.iter().map(|(name, time)| (*time, *name)).collect();
    let quarter = debts.len().div_ceil(4);
    debts.select_nth_unstable_by_key(quarter - 1, |(time, _)| *time);
    for (_, name) in &debts[..quarter] {
        paid_off.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    fn throttle() -> (LoginThrottle, Timestamp) {
        (LoginThrottle::of_names(3, INTERVAL), Timestamp::from_micros(1_000_000_000_000))
    }

    #[test]
    fn a_burst_is_followed_by_one_failure_an_interval() {
        let (throttle, start) = throttle();
        let ada = throttle.digest("user_name", "ada");
        for _ in 0..3 {
            assert_eq!(throttle.begin(ada, start), Ok(()));
        }
        assert_eq!(throttle.begin(ada, start), Err(TooManyFailures { retry_after: INTERVAL }));
        let early = start.after(Duration::from_secs(9));
        let retry_after = Duration::from_secs(1);
        assert_eq!(throttle.begin(ada, early), Err(TooManyFailures { retry_after }));
        assert_eq!(throttle.begin(ada, start.after(INTERVAL)), Ok(()));
        assert!(throttle.begin(ada, start.after(INTERVAL)).is_err());
        assert_eq!(throttle.begin(throttle.digest("email", "ada"), start), Ok(()));
    }

    #[test]
    fn what_is_given_back_does_not_count() {
        let (throttle, now) = throttle();
        let ada = throttle.digest("user_name", "ada");
        for _ in 0..20 {
            assert_eq!(throttle.begin(ada, now), Ok(()));
            throttle.give_back(ada);
        }
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out_for_longer() {
        let (throttle, now) = throttle();
        let ada = throttle.digest("user_name", "ada");
        for _ in 0..3 {
            assert_eq!(throttle.begin(ada, now), Ok(()));
        }
        let refused = throttle.begin(ada, now.before(Duration::from_secs(86_400)));
        assert_eq!(refused, Err(TooManyFailures { retry_after: INTERVAL }));
    }

    #[test]
    fn memory_is_bounded_and_the_most_tried_name_stays_refused() {
        let (mut throttle, now) = throttle();
        throttle.names_max = 100;
        let ada = throttle.digest("user_name", "ada");
        for _ in 0..3 {
            assert_eq!(throttle.begin(ada, now), Ok(()));
        }
        for index in 0..1_000 {
            assert_eq!(throttle.begin(throttle.digest("user_name", index), now), Ok(()));
            assert!(throttle.lock().len() <= 100);
        }
        assert!(throttle.begin(ada, now).is_err());
    }
}
