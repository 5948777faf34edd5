//! The scripts that Redis runs: each is one step for everybody, and touches one key.

use std::time::Duration;

use redis::{Script, ScriptInvocation};

use prosopa_model::CellRate;

use super::key::RedisKey;

/// How scripts learn the time.
const SERVER_TIME: &str = "local time = redis.call('TIME')\n";

/// How long [`TAKE`] keeps a key beyond its time: where that is the caller's own, the server's may run ahead of it.
const EXPIRY: &str = "local longer_ms = 0\n";
#[cfg(feature = "testing")]
const LATE_EXPIRY: &str = "local longer_ms = 600000\n";

const TAKE: &str = include_str!("take.lua");
const GIVE_BACK: &str = include_str!("give_back.lua");
const LOOK_BACK: &str = include_str!("look_back.lua");

/// The scripts, with their digests.
pub(super) struct Scripts {
    take: Script,
    give_back: Script,
    look_back: Script,
    #[cfg(feature = "testing")]
    take_at: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            take: Script::new(&[SERVER_TIME, EXPIRY, TAKE].concat()),
            give_back: Script::new(&[SERVER_TIME, GIVE_BACK].concat()),
            look_back: Script::new(&[SERVER_TIME, LOOK_BACK].concat()),
            #[cfg(feature = "testing")]
            take_at: Script::new(&["local time = {ARGV[3], ARGV[4]}\n", LATE_EXPIRY, TAKE].concat()),
        }
    }

    /// Gives whether the cell was counted, and how far ahead cells are with it, nanoseconds.
    pub(super) fn take(&self, key: &RedisKey, rate: CellRate) -> ScriptInvocation<'_> {
        let mut script = self.take.prepare_invoke();
        script.key(key.as_str()).arg(nanos(rate.interval())).arg(nanos(rate.depth()));
        script
    }

    pub(super) fn give_back(&self, key: &RedisKey, interval: Duration) -> ScriptInvocation<'_> {
        let mut script = self.give_back.prepare_invoke();
        script.key(key.as_str()).arg(nanos(interval));
        script
    }

    /// Gives since when the server remembers, seconds since the epoch.
    pub(super) fn look_back(&self, key: &RedisKey, margin_seconds: i64) -> ScriptInvocation<'_> {
        let mut script = self.look_back.prepare_invoke();
        script.key(key.as_str()).arg(margin_seconds);
        script
    }

    /// The same at another time.
    #[cfg(feature = "testing")]
    pub(super) fn take_at(&self, key: &RedisKey, rate: CellRate, now: Duration) -> ScriptInvocation<'_> {
        let mut script = self.take_at.prepare_invoke();
        script.key(key.as_str()).arg(nanos(rate.interval())).arg(nanos(rate.depth()));
        script.arg(now.as_secs()).arg(now.subsec_micros());
        script
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
