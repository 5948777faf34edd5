//! `[gateway.upstream]`: how services in other processes are spoken to.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{ConfigError, check};

/// Times that make sense, milliseconds: up to an hour.
const TIMES_MS: RangeInclusive<u64> = 10..=3_600_000;

/// More would need other limits of the system.
const CONNECTIONS_MAX: usize = 65_536;

/// Holds for each service by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamConfig {
    /// Longest time until a service has taken a connection, milliseconds; also the longest wait for a free one.
    pub connect_timeout_ms: u64,
    /// Longest silence within the body of an answer, and of an open WebSocket, milliseconds.
    pub idle_timeout_ms: u64,
    /// Connections to a service at the same time; one request, or one WebSocket, occupies one.
    pub connections_max: usize,
    /// When a service that fails is left alone.
    pub breaker: BreakerConfig,
    /// When a request is sent again.
    pub retry: RetryConfig,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 1_000,
            idle_timeout_ms: 30_000,
            connections_max: 512,
            breaker: BreakerConfig::default(),
            retry: RetryConfig::default(),
        }
    }
}

/// When a service that cannot be reached, gives no valid answer or lets deadlines pass is left alone for a while. Answers
/// of the service itself, 5xx too, are no failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Failures in a row after which it is left alone.
    pub failures_max: u32,
    /// Share of failures within the window from which it is left alone, percent.
    pub failures_percent: u32,
    /// Requests that the window must have for that.
    pub requests_min: u32,
    /// The window, seconds.
    pub window_s: u32,
    /// How long it is left alone at first, milliseconds. Each time a probe fails the pause is twice as long.
    pub pause_ms: u64,
    /// Longest pause, milliseconds. Up to a quarter is added at random.
    pub pause_max_ms: u64,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_max: 5,
            failures_percent: 50,
            requests_min: 20,
            window_s: 10,
            pause_ms: 1_000,
            pause_max_ms: 30_000,
        }
    }
}

/// When a request that got no answer is sent again: where nothing of it was sent, or where it may be repeated, has no body
/// and met a connection that had just been closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryConfig {
    /// How often at most, for one request.
    pub retries_max: u32,
    /// How many at most, of all requests, percent; beside ten that are always free after good times.
    pub budget_percent: u32,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { retries_max: 2, budget_percent: 20 }
    }
}

impl UpstreamConfig {
    /// Checks every value.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        check(TIMES_MS.contains(&self.connect_timeout_ms), "upstream.connect_timeout_ms", times)?;
        check(TIMES_MS.contains(&self.idle_timeout_ms), "upstream.idle_timeout_ms", times)?;
        let connections = 1..=CONNECTIONS_MAX;
        check(connections.contains(&self.connections_max), "upstream.connections_max", || {
            format!("1 to {CONNECTIONS_MAX}")
        })?;
        let BreakerConfig { failures_max, failures_percent, requests_min, window_s, pause_ms, pause_max_ms } =
            self.breaker;
        let one_or_more = || "1 or more".to_owned();
        check(failures_max >= 1, "upstream.breaker.failures_max", one_or_more)?;
        let percent = || "1 to 100".to_owned();
        check((1..=100).contains(&failures_percent), "upstream.breaker.failures_percent", percent)?;
        check(requests_min >= 1, "upstream.breaker.requests_min", one_or_more)?;
        check((1..=3_600).contains(&window_s), "upstream.breaker.window_s", || "1 to 3600".to_owned())?;
        check(TIMES_MS.contains(&pause_ms), "upstream.breaker.pause_ms", times)?;
        let pauses = pause_ms..=*TIMES_MS.end();
        check(pauses.contains(&pause_max_ms), "upstream.breaker.pause_max_ms", || {
            format!("pause_ms to {}", TIMES_MS.end())
        })?;
        let RetryConfig { retries_max, budget_percent } = self.retry;
        check(retries_max <= 10, "upstream.retry.retries_max", || "0 to 10".to_owned())?;
        check(budget_percent <= 100, "upstream.retry.budget_percent", || "0 to 100".to_owned())
    }
}

fn times() -> String {
    format!("{} to {}", TIMES_MS.start(), TIMES_MS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S4: what makes no sense is named before anything is served.
    #[test]
    fn values_without_sense_are_named() {
        assert_eq!(UpstreamConfig::default().validate(), Ok(()));
        type Change = fn(&mut UpstreamConfig);
        let broken: [(&str, Change); 8] = [
            ("upstream.connect_timeout_ms", |config| config.connect_timeout_ms = 0),
            ("upstream.idle_timeout_ms", |config| config.idle_timeout_ms = 4_000_000),
            ("upstream.connections_max", |config| config.connections_max = 0),
            ("upstream.breaker.failures_max", |config| config.breaker.failures_max = 0),
            ("upstream.breaker.failures_percent", |config| config.breaker.failures_percent = 101),
            ("upstream.breaker.pause_max_ms", |config| config.breaker.pause_max_ms = 999),
            ("upstream.retry.retries_max", |config| config.retry.retries_max = 11),
            ("upstream.retry.budget_percent", |config| config.retry.budget_percent = 101),
        ];
        for (key, breaks) in broken {
            let mut config = UpstreamConfig::default();
            breaks(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key} must be ")), "{error}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [r#"{"colour": 1}"#, r#"{"breaker": {"colour": 1}}"#, r#"{"retry": {"colour": 1}}"#] {
            assert!(serde_json::from_str::<UpstreamConfig>(text).is_err(), "{text}");
        }
    }
}
