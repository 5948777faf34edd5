//! The gateway's section of the configuration.

mod cors;
mod request_log;
mod upstream;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use prosopa_http::cookies::is_origin;
use prosopa_model::RateLimit;

pub use self::{
    cors::Cors,
    request_log::{LoggedBodies, RequestLog},
    upstream::{BreakerConfig, RetryConfig, UpstreamConfig},
};

/// Numbers above this are mistakes, and keep all arithmetic of rates within 64 bits.
pub(crate) const RATE_MAX: u32 = 1_000_000;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Quota of accounts that have no plan of their own.
    pub plan: Plan,
    /// Rate of each API key, or of each user who comes without a key.
    pub caller_rate: Rate,
    /// Rate of each client address (IPv6: each /64) for requests without credentials.
    pub address_rate: Rate,
    /// Credentials that one client address may present in vain; further ones in vain are told to wait.
    pub failed_authentication_rate: Rate,
    /// Callers, and likewise addresses, whose rate is remembered at the same time.
    pub rate_entries_max: usize,
    /// Gateways that share a Redis: while it is lost, each admits its part of every rate.
    pub replicas: u32,
    /// Sites whose pages may use the sessions of browsers, beside the host that requests name: `https://app.example.org`
    /// where a proxy in front passes another `Host` on than browsers sent.
    pub browser_origins: Vec<String>,
    /// What happens to metered requests of the default plan while the ledger's database fails.
    pub on_ledger_loss: OnLedgerLoss,
    /// Metered requests that may wait for the ledger at the same time; further ones wait for a place.
    pub ledger_queue_max: usize,
    /// Bytes that usage may take on the disk while nobody publishes it; beyond, requests are answered and not told of.
    pub usage_spool_bytes_max: u64,
    /// Services in other processes.
    pub upstream: UpstreamConfig,
    /// What the request log holds beside what it always holds.
    pub request_log: RequestLog,
    /// Other sites whose pages may read answers.
    pub cors: Cors,
    /// How long browsers that came by TLS come by nothing else, seconds; 0: that is not said. It is never said to this very
    /// machine.
    pub hsts_max_age_s: u32,
    /// Folder of the web application, served below everything but `/api`; without one, `/` leads to the documentation.
    pub static_dir: Option<PathBuf>,
    /// Rate of each client address for the files of that folder.
    pub static_rate: Rate,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            plan: Plan::default(),
            caller_rate: Rate { requests_per_second: 10, burst: 20 },
            address_rate: Rate { requests_per_second: 10, burst: 40 },
            failed_authentication_rate: Rate { requests_per_second: 1, burst: 30 },
            rate_entries_max: 100_000,
            replicas: 1,
            browser_origins: Vec::new(),
            on_ledger_loss: OnLedgerLoss::Deny,
            ledger_queue_max: 1_024,
            usage_spool_bytes_max: 1 << 30,
            upstream: UpstreamConfig::default(),
            request_log: RequestLog::default(),
            cors: Cors::default(),
            hsts_max_age_s: 31_536_000,
            static_dir: None,
            static_rate: Rate { requests_per_second: 50, burst: 300 },
        }
    }
}

/// How many metered requests an account may make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Shown to callers.
    pub name: String,
    /// Metered requests a calendar day, UTC.
    pub requests_per_day: u64,
    /// Metered requests a calendar month, UTC.
    pub requests_per_month: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { name: "default".into(), requests_per_day: 100, requests_per_month: 2_000 }
    }
}

/// How fast requests may follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a second in the long run.
    pub requests_per_second: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

impl From<Rate> for RateLimit {
    fn from(rate: Rate) -> Self {
        Self { requests_per_second: rate.requests_per_second, burst: rate.burst }
    }
}

/// What happens to metered requests while the ledger's database fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLedgerLoss {
    /// They are refused with 503 (507 where the disk is full).
    #[default]
    Deny,
    /// They are admitted and not counted.
    Allow,
}

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} must be {range}")]
pub struct ConfigError {
    key: &'static str,
    range: String,
}

impl Config {
    /// Checks every value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let rates = [
            ("caller_rate", self.caller_rate),
            ("address_rate", self.address_rate),
            ("failed_authentication_rate", self.failed_authentication_rate),
            ("static_rate", self.static_rate),
        ];
        for (key, rate) in rates {
            let range = 1..=RATE_MAX;
            let is_sound = range.contains(&rate.requests_per_second) && range.contains(&rate.burst);
            check(is_sound, key, || format!("of requests_per_second and burst between 1 and {RATE_MAX}"))?;
        }
        let requests = 1..=u64::from(u32::MAX);
        check(requests.contains(&self.plan.requests_per_day), "plan.requests_per_day", || {
            format!("1 to {}", u32::MAX)
        })?;
        check(requests.contains(&self.plan.requests_per_month), "plan.requests_per_month", || {
            format!("1 to {}", u32::MAX)
        })?;
        check(self.browser_origins.iter().all(|origin| is_origin(origin)), "browser_origins", || {
            "origins such as https://app.example.org".to_owned()
        })?;
        check(!self.plan.name.is_empty(), "plan.name", || "a name".to_owned())?;
        check(self.rate_entries_max >= 1_000, "rate_entries_max", || "1000 or more".to_owned())?;
        check((1..=10_000).contains(&self.replicas), "replicas", || "1 to 10000".to_owned())?;
        check(self.ledger_queue_max >= 1, "ledger_queue_max", || "1 or more".to_owned())?;
        self.cors.validate()?;
        self.request_log.validate()?;
        check(self.usage_spool_bytes_max >= 1 << 25, "usage_spool_bytes_max", || {
            "33554432 or more".to_owned()
        })?;
        self.upstream.validate()
    }
}

/// Names the key unless its value is sound.
pub(crate) fn check(
    is_sound: bool,
    key: &'static str,
    range: impl FnOnce() -> String,
) -> Result<(), ConfigError> {
    if is_sound { Ok(()) } else { Err(ConfigError { key, range: range() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_sound() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn values_without_sense_are_named() {
        let mut config = Config::default();
        config.address_rate.burst = 0;
        let error = config.validate().unwrap_err().to_string();
        assert_eq!(error, "address_rate must be of requests_per_second and burst between 1 and 1000000");
        let mut config = Config::default();
        config.plan.requests_per_day = 0;
        assert!(config.validate().unwrap_err().to_string().starts_with("plan.requests_per_day"));
    }

    #[test]
    fn origins_of_pages_are_exact() {
        for origin in ["*", "http://app.example.org", "https://app.example.org/"] {
            let config = Config { browser_origins: vec![origin.into()], ..Config::default() };
            assert!(config.validate().unwrap_err().to_string().starts_with("browser_origins"), "{origin}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [r#"{"colour": 1}"#, r#"{"plan": {"colour": 1}}"#, r#"{"caller_rate": {"colour": 1}}"#] {
            assert!(serde_json::from_str::<Config>(text).is_err(), "{text}");
        }
    }
}
