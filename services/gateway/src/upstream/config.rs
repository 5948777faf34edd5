//! `[gateway.upstream]`: how services in other processes are spoken to.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, check};

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
    /// Connections to a service at the same time; one request occupies one.
    pub connections_max: usize,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self { connect_timeout_ms: 1_000, idle_timeout_ms: 30_000, connections_max: 512 }
    }
}

impl UpstreamConfig {
    /// Checks every value.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        check(TIMES_MS.contains(&self.connect_timeout_ms), "upstream.connect_timeout_ms", times)?;
        check(TIMES_MS.contains(&self.idle_timeout_ms), "upstream.idle_timeout_ms", times)?;
        check((1..=CONNECTIONS_MAX).contains(&self.connections_max), "upstream.connections_max", || {
            format!("1 to {CONNECTIONS_MAX}")
        })
    }
}

fn times() -> String {
    format!("{} to {}", TIMES_MS.start(), TIMES_MS.end())
}
