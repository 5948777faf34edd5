//! Headers that the edge adds: rate limit fields
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>).

use std::{fmt::Write, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};

use prosopa_model::{LimitMode, RateLimit, Timestamp};

use crate::{
    ledger::Usage,
    rate_limit::{Allowance, TooFast},
};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How a caller stands against its limits after a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// The rate limit that was applied.
    pub(crate) burst: Option<Burst>,
    /// The quota that was looked at.
    pub(crate) quota: Option<Usage>,
}

/// How a caller stands against its rate limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    limit: RateLimit,
    remaining: u32,
    full_after: Duration,
}

impl Burst {
    /// After a request that was admitted or refused.
    pub(crate) fn new(limit: RateLimit, decision: Result<Allowance, TooFast>) -> Self {
        match decision {
            Ok(Allowance { remaining, full_after }) => Self { limit, remaining, full_after },
            Err(TooFast { full_after, .. }) => Self { limit, remaining: 0, full_after },
        }
    }
}

impl Standing {
    /// Adds `RateLimit-Policy` and `RateLimit`, if a limit was applied. `now` is the wall clock's time.
    pub(crate) fn write(&self, headers: &mut HeaderMap, now: Timestamp) {
        let Some(burst) = self.burst else { return };
        let (mut policy, mut standing) = (String::with_capacity(96), String::with_capacity(96));
        // Time in which an empty burst fills up: the window within which `q` requests are possible.
        let window_s = burst.limit.burst.div_ceil(burst.limit.requests_per_second.max(1));
        let full_after_s = whole_seconds(burst.full_after);
        // Writing to a String cannot fail.
        let _ = write!(policy, "\"burst\";q={};w={window_s}", burst.limit.burst);
        let _ = write!(standing, "\"burst\";r={};t={full_after_s}", burst.remaining);
        for (allowance, used) in self.quota.iter().flat_map(Usage::iter) {
            // What refuses nothing is no policy.
            if allowance.mode == LimitMode::Shadow {
                continue;
            }
            let (name, limit, window_s) = (&allowance.name, allowance.limit, used.window_s);
            let left = limit.saturating_sub(used.amount);
            let reset_s = whole_seconds(used.resets_at.since(now));
            let _ = write!(policy, ", \"{name}\";q={limit};w={window_s}");
            let _ = write!(standing, ", \"{name}\";r={left};t={reset_s}");
        }
        for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, standing)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }
}

fn whole_seconds(time: Duration) -> u128 {
    time.as_nanos().div_ceil(1_000_000_000)
}
