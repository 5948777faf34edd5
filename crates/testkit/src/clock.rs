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
        let time: Timestamp = time.parse().expect("an RFC 3339 time");
        Self(AtomicI64::new(time.micros()))
    }

    /// Moves on.
    pub fn advance(&self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).expect("a short duration");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
