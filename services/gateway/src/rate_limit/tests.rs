use std::{collections::VecDeque, ops::Deref, sync::Arc, thread, time::Duration};

use proptest::prelude::*;

use prosopa_model::RateLimit;

use super::{Allowance, Pace, RateLimiter, TooFast};

const SECOND_NS: u64 = 1_000_000_000;

/// A limiter with one pace for all.
struct Limiter {
    pace: Pace,
    keys: RateLimiter<u32>,
}

impl Limiter {
    fn take(&self, key: u32, now: Duration) -> Result<Allowance, TooFast> {
        self.keys.take(&self.pace, key, now)
    }
}

impl Deref for Limiter {
    type Target = RateLimiter<u32>;

    fn deref(&self) -> &RateLimiter<u32> {
        &self.keys
    }
}

fn limiter(requests_per_second: u32, burst: u32, entries_max: usize) -> Limiter {
    let pace = Pace::new(RateLimit { requests_per_second, burst });
    Limiter { pace, keys: RateLimiter::new(entries_max) }
}

/// A bucket of tokens, in exact arithmetic: tokens are counted in nanoseconds of the refill interval.
struct Bucket {
    interval: u64,
    depth: u64,
    filled: u64,
    last: u64,
}

impl Bucket {
    fn new(rate: u32, burst: u32) -> Self {
        let interval = SECOND_NS.div_ceil(u64::from(rate));
        let depth = interval * u64::from(burst);
        Self { interval, depth, filled: depth, last: 0 }
    }

    fn take(&mut self, now: u64) -> bool {
        self.filled = self.depth.min(self.filled + (now - self.last));
        self.last = now;
        let is_enough = self.filled >= self.interval;
        if is_enough {
            self.filled -= self.interval;
        }
        is_enough
    }
}

proptest! {
    /// F7: gateways that do not know of each other admit together no more than one would, but at least one request each.
    #[test]
    fn shares_are_no_more_than_the_whole(rate in 1_u32..1_000, burst in 1_u32..100, gateways in 1_u32..20) {
        let whole = Pace::new(RateLimit { requests_per_second: rate, burst });
        let share = whole.share(gateways);
        let limiter = RateLimiter::new(1_000);
        let count = |seconds: u64| {
            (0..2_000_000).take_while(|_| limiter.take(&share, 1, Duration::from_secs(seconds)).is_ok()).count()
        };
        let at_once = count(0) as u32;
        prop_assert_eq!(at_once, (burst / gateways).max(1));
        let later = count(7_200) as u32;
        prop_assert_eq!(later, at_once, "the whole share is there again, and no more");
        prop_assert!(share.cells().interval() >= whole.cells().interval() * gateways);
        prop_assert_eq!(share.limit(), whole.limit());
    }

    /// F7: the limiter decides as a bucket of tokens does.
    #[test]
    fn decides_like_a_bucket_of_tokens(
        rate in 1_u32..50, burst in 1_u32..40, pauses in prop::collection::vec(0_u64..400_000_000, 1..300),
    ) {
        let limiter = limiter(rate, burst, 1_000);
        let mut bucket = Bucket::new(rate, burst);
        let mut now = 0;
        for pause in pauses {
            now += pause;
            let decision = limiter.take(1, Duration::from_nanos(now));
            prop_assert_eq!(decision.is_ok(), bucket.take(now));
            if let Ok(allowance) = decision {
                prop_assert_eq!(u64::from(allowance.remaining), bucket.filled / bucket.interval);
            }
        }
    }

    /// F7: never more than burst + rate x time in any span of time.
    #[test]
    fn no_span_of_time_admits_too_much(
        rate in 1_u32..50, burst in 1_u32..40, pauses in prop::collection::vec(0_u64..200_000_000, 1..300),
    ) {
        let limiter = limiter(rate, burst, 1_000);
        let mut admitted: VecDeque<u64> = VecDeque::new();
        let mut now = 0;
        for pause in pauses {
            now += pause;
            if limiter.take(1, Duration::from_nanos(now)).is_err() {
                continue;
            }
            admitted.push_back(now);
            for (index, first) in admitted.iter().enumerate() {
                let count = (admitted.len() - index) as u64;
                let allowed = u64::from(burst) * SECOND_NS + u64::from(rate) * (now - first);
                prop_assert!(count * SECOND_NS <= allowed);
            }
        }
    }

    /// F7: who waits as long as it is told is admitted; a nanosecond earlier it is not.
    #[test]
    fn retry_after_is_exact(rate in 1_u32..1_000, burst in 1_u32..40, start in 0_u64..SECOND_NS) {
        let limiter = limiter(rate, burst, 1_000);
        let now = Duration::from_nanos(start);
        for _ in 0..burst {
            prop_assert!(limiter.take(1, now).is_ok());
        }
        let refused = limiter.take(1, now).unwrap_err();
        prop_assert!(limiter.take(1, now + refused.retry_after - Duration::from_nanos(1)).is_err());
        prop_assert!(limiter.take(1, now + refused.retry_after).is_ok());
    }
}

#[test]
fn an_idle_caller_has_its_whole_burst_again() {
    let limiter = limiter(10, 20, 1_000);
    for _ in 0..20 {
        limiter.take(1, Duration::ZERO).unwrap();
    }
    let refused = limiter.take(1, Duration::ZERO).unwrap_err();
    assert_eq!(refused.full_after, Duration::from_secs(2));
    for _ in 0..20 {
        limiter.take(1, Duration::from_secs(2)).unwrap();
    }
    assert!(limiter.take(1, Duration::from_secs(2)).is_err());
}

/// F7: exact however many threads ask.
#[test]
fn threads_together_get_the_burst_and_no_more() {
    let limiter = Arc::new(limiter(1, 1_000, 1_000));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            thread::spawn(move || (0..500).filter(|_| limiter.take(7, Duration::ZERO).is_ok()).count())
        })
        .collect();
    let admitted: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(admitted, 1_000);
}

#[test]
fn memory_is_bounded_and_debtors_are_remembered() {
    let limiter = limiter(1, 10, 1_000);
    for _ in 0..10 {
        limiter.take(0, Duration::ZERO).unwrap();
    }
    for key in 1..50_000 {
        limiter.take(key, Duration::ZERO).unwrap();
    }
    let entries: usize = limiter.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
    assert!(entries <= 1_024, "{entries}");
    assert!(limiter.take(0, Duration::ZERO).is_err(), "a flood of others frees nobody");
}

#[test]
fn idle_entries_make_room() {
    let limiter = limiter(1, 1, 64);
    for key in 0..10_000 {
        limiter.take(key, Duration::ZERO).unwrap();
    }
    let later = Duration::from_secs(60);
    for key in 20_000..20_064 {
        limiter.take(key, later).unwrap();
    }
    let is_idle = |arrival: &u64| *arrival <= later.as_nanos() as u64;
    for shard in &limiter.shards {
        let shard = shard.lock().unwrap();
        assert!(shard.len() <= limiter.shard_entries_max);
        assert!(shard.len() < limiter.shard_entries_max || !shard.values().all(is_idle) || shard.len() == 2);
    }
}
