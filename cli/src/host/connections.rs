//! The settings of users' connections, `[server.connections]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use prosopa_runtime::ListenerOptions;

use super::Failure;

/// Most connections; each takes a file of the process and a few KiB.
const CONNECTIONS_MAX: usize = 1_000_000;

/// Times may be between this and ten minutes.
const TIME_MIN_MS: u64 = 100;
const TIME_MAX_MS: u64 = 600_000;

/// How many there may be, and how long they may be silent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Connections {
    /// At the same time; further ones wait.
    pub(crate) max: usize,
    /// Of one client network at the same time; further ones are refused.
    pub(crate) per_network_max: usize,
    /// Longest time for the handshake and the head of a request.
    pub(crate) head_timeout_ms: u64,
    /// Longest time in which nothing of a body comes.
    pub(crate) body_idle_timeout_ms: u64,
    /// Longest time in which nothing of an answer is taken.
    pub(crate) write_timeout_ms: u64,
}

impl Default for Connections {
    fn default() -> Self {
        let options = ListenerOptions::default();
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            max: options.connections_max,
            per_network_max: options.connections_per_network_max,
            head_timeout_ms: milliseconds(options.head_timeout),
            body_idle_timeout_ms: milliseconds(options.body_idle_timeout),
            write_timeout_ms: milliseconds(options.write_timeout),
        }
    }
}

impl Connections {
    /// What the listeners are told; proxies are not known here.
    pub(super) fn options(&self) -> Result<ListenerOptions, Failure> {
        for (key, value) in [("max", self.max), ("per_network_max", self.per_network_max)] {
            if !(1..=CONNECTIONS_MAX).contains(&value) {
                return Err(
                    format!("server.connections.{key} must be between 1 and {CONNECTIONS_MAX}").into()
                );
            }
        }
        let time = |key: &str, value: u64| -> Result<Duration, Failure> {
            if (TIME_MIN_MS..=TIME_MAX_MS).contains(&value) {
                return Ok(Duration::from_millis(value));
            }
            Err(format!("server.connections.{key} must be between {TIME_MIN_MS} and {TIME_MAX_MS}").into())
        };
        Ok(ListenerOptions {
            connections_max: self.max,
            connections_per_network_max: self.per_network_max,
            head_timeout: time("head_timeout_ms", self.head_timeout_ms)?,
            body_idle_timeout: time("body_idle_timeout_ms", self.body_idle_timeout_ms)?,
            write_timeout: time("write_timeout_ms", self.write_timeout_ms)?,
            ..ListenerOptions::default()
        })
    }
}
