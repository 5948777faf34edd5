//! A clock that stands still until a test moves it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use prosopa_model::{Clock, Timestamp};

/// Wall-clock time under a test's control.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at an RFC 3339 time.
    pub fn at(time: &str) -> Self {
        let clock = Self(AtomicI64::new(0));
        clock.set(time);
        clock
    }

    /// Jumps to an RFC 3339 time.
    pub fn set(&self, time: &str) {
        let time: Timestamp = time.parse().expect("an RFC 3339 time");
        self.0.store(time.micros(), Ordering::SeqCst);
    }

    /// Moves on.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(micros(duration), Ordering::SeqCst);
    }

    /// Moves back, as an operating system's clock may.
    pub fn set_back(&self, duration: Duration) {
        self.0.fetch_sub(micros(duration), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).expect("a short duration")
}
