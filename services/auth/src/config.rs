//! The section `[auth]` of the configuration.

mod oidc;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use prosopa_http::cookies::CookieSecurity;

pub use self::oidc::OidcConfig;

use crate::email::Email;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Limits and lifetimes of identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// Life of an access token, 60 to 3,600 seconds.
    pub access_token_seconds: u64,
    /// Life of a refresh token that is not used, seconds.
    pub refresh_token_seconds: u64,
    /// Longest life of a session, however often it is refreshed, seconds.
    pub session_seconds_max: u64,
    /// How long after its rotation a refresh token may come again without ending the session, up to 60,000 ms.
    pub refresh_reuse_grace_ms: u64,
    /// Sessions of one user at the same time; one more ends the oldest.
    pub sessions_per_user_max: u32,
    /// How far the clocks of processes may differ when tokens are checked, up to 5 seconds.
    pub clock_leeway_seconds: u64,
    /// How long a key signs access tokens before the next one does, seconds.
    pub signing_key_seconds: u64,
    /// How long others may keep the published keys, seconds.
    pub jwks_cache_seconds: u64,
    /// Metered requests a day of the default plan: the most that a registration may ask for. A host that also runs the
    /// gateway sets it to the gateway's.
    pub default_requests_per_day: u64,
    /// Keys of one account that are neither revoked nor expired, up to 10,000.
    pub api_keys_per_account_max: u32,
    /// Keys that one account makes within 24 hours, revoked ones too, 1 to 10,000.
    pub api_keys_per_day_max: u32,
    /// Whether whoever has no user may sign an API client up, which gets an account of its own.
    pub open_client_sign_up: bool,
    /// API clients of one account that are neither revoked nor expired, up to 10,000.
    pub api_clients_per_account_max: u32,
    /// API clients that one account makes within 24 hours, revoked ones too, 1 to 10,000.
    pub api_clients_per_day_max: u32,
    /// Logins with one name or address that may fail one after the other before the next has to wait, 1 to 100.
    /// Logins under way count until they succeed, so it also bounds those at the same time.
    pub failed_login_burst: u32,
    /// Time after which one more login may fail, 1 to 3,600 seconds.
    pub failed_login_seconds: u64,
    /// Logins from one network that may fail before the next has to wait, 1 to 10,000; those that succeed forgive none.
    pub failed_login_network_burst: u32,
    /// Time after which one more login from the network may fail, 1 to 3,600 seconds.
    pub failed_login_network_seconds: u64,
    /// When the cookies of browsers may go over plain HTTP: `auto`, for requests that name this very machine, or `tls`,
    /// never.
    pub cookie_security: CookieSecurity,
    /// Providers of `OpenID` Connect that people may sign in with, by the name that stands in addresses.
    pub oidc: BTreeMap<String, OidcConfig>,
    /// Whether to start only where mail can be sent. Elsewhere, requests for a new password are answered `unavailable`.
    pub needs_mailer: bool,
    /// E-mail address of the administrator made at the first start.
    pub administrator_email: String,
    /// Passwords hashed at the same time; each takes `argon2_memory_kib`.
    pub password_hashing_concurrency: usize,
    /// Passwords that wait to be hashed, of logins and again as many of registrations; further callers are told to come
    /// later.
    pub password_hashing_queue_max: usize,
    /// Argon2id memory, KiB; 19,456 (OWASP's minimum) or more.
    pub argon2_memory_kib: u32,
    /// Argon2id passes over the memory, 2 (OWASP's minimum) or more.
    pub argon2_iterations: u32,
    /// Argon2id lanes.
    pub argon2_lanes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: "prosopa".into(),
            audience: "prosopa".into(),
            access_token_seconds: 15 * 60,
            refresh_token_seconds: 30 * DAY_SECONDS,
            session_seconds_max: 90 * DAY_SECONDS,
            refresh_reuse_grace_ms: 5_000,
            sessions_per_user_max: 100,
            clock_leeway_seconds: 0,
            signing_key_seconds: 30 * DAY_SECONDS,
            jwks_cache_seconds: 10 * 60,
            default_requests_per_day: 100,
            api_keys_per_account_max: 100,
            api_keys_per_day_max: 200,
            open_client_sign_up: true,
            api_clients_per_account_max: 100,
            api_clients_per_day_max: 200,
            failed_login_burst: 10,
            failed_login_seconds: 10,
            failed_login_network_burst: 100,
            failed_login_network_seconds: 5,
            cookie_security: CookieSecurity::Auto,
            oidc: BTreeMap::new(),
            needs_mailer: false,
            administrator_email: "administrator@localhost".into(),
            password_hashing_concurrency: 2,
            password_hashing_queue_max: 64,
            argon2_memory_kib: 19 * 1024,
            argon2_iterations: 2,
            argon2_lanes: 1,
        }
    }
}

/// A value of the configuration is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("auth.{key} must be {expected}")]
pub struct ConfigError {
    key: &'static str,
    expected: &'static str,
}

impl Config {
    /// Checks every value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let years_10 = 3_650 * DAY_SECONDS;
        let checks = [
            (!self.issuer.is_empty(), "issuer", "a text"),
            (!self.audience.is_empty(), "audience", "a text"),
            ((60..=3_600).contains(&self.access_token_seconds), "access_token_seconds", "60 to 3600"),
            (
                (self.access_token_seconds..=self.session_seconds_max).contains(&self.refresh_token_seconds),
                "refresh_token_seconds",
                "at least access_token_seconds and at most session_seconds_max",
            ),
            (self.session_seconds_max <= years_10, "session_seconds_max", "at most ten years"),
            (self.refresh_reuse_grace_ms <= 60_000, "refresh_reuse_grace_ms", "at most 60000"),
            ((1..=10_000).contains(&self.sessions_per_user_max), "sessions_per_user_max", "1 to 10000"),
            (self.clock_leeway_seconds <= 5, "clock_leeway_seconds", "at most 5"),
            (self.jwks_cache_seconds <= DAY_SECONDS, "jwks_cache_seconds", "at most a day"),
            (
                (2 * self.jwks_cache_seconds.max(1_800)..=years_10).contains(&self.signing_key_seconds),
                "signing_key_seconds",
                "at least an hour and twice jwks_cache_seconds, at most ten years",
            ),
            (
                (1..=1_000_000_000).contains(&self.default_requests_per_day),
                "default_requests_per_day",
                "1 to 1000000000",
            ),
            (self.api_keys_per_account_max <= 10_000, "api_keys_per_account_max", "at most 10000"),
            ((1..=10_000).contains(&self.api_keys_per_day_max), "api_keys_per_day_max", "1 to 10000"),
            (self.api_clients_per_account_max <= 10_000, "api_clients_per_account_max", "at most 10000"),
            ((1..=10_000).contains(&self.api_clients_per_day_max), "api_clients_per_day_max", "1 to 10000"),
            ((1..=100).contains(&self.failed_login_burst), "failed_login_burst", "1 to 100"),
            ((1..=3_600).contains(&self.failed_login_seconds), "failed_login_seconds", "1 to 3600"),
            (
                (1..=10_000).contains(&self.failed_login_network_burst),
                "failed_login_network_burst",
                "1 to 10000",
            ),
            (
                (1..=3_600).contains(&self.failed_login_network_seconds),
                "failed_login_network_seconds",
                "1 to 3600",
            ),
            (Email::parse_any(&self.administrator_email).is_ok(), "administrator_email", "an e-mail address"),
            (
                (1..=64).contains(&self.password_hashing_concurrency),
                "password_hashing_concurrency",
                "1 to 64",
            ),
            (self.password_hashing_queue_max <= 10_000, "password_hashing_queue_max", "at most 10000"),
            (
                (19 * 1024..=1024 * 1024).contains(&self.argon2_memory_kib),
                "argon2_memory_kib",
                "19456 to 1048576",
            ),
            ((2..=32).contains(&self.argon2_iterations), "argon2_iterations", "2 to 32"),
            ((1..=16).contains(&self.argon2_lanes), "argon2_lanes", "1 to 16"),
        ];
        let wrong = checks.into_iter().find(|(is_right, ..)| !is_right);
        wrong.map_or(Ok(()), |(_, key, expected)| Err(ConfigError { key, expected }))?;
        self.oidc.iter().try_for_each(|(name, provider)| provider.validate(name))
    }

    /// Life of an access token.
    pub(crate) const fn access_token_life(&self) -> Duration {
        Duration::from_secs(self.access_token_seconds)
    }

    /// Life of a refresh token that is not used.
    pub(crate) const fn refresh_token_life(&self) -> Duration {
        Duration::from_secs(self.refresh_token_seconds)
    }

    /// Longest life of a session.
    pub(crate) const fn session_life_max(&self) -> Duration {
        Duration::from_secs(self.session_seconds_max)
    }

    /// Time in which a rotated refresh token may come again without ending the session.
    pub(crate) const fn refresh_reuse_grace(&self) -> Duration {
        Duration::from_millis(self.refresh_reuse_grace_ms)
    }

    /// Time after which one more login may fail.
    pub(crate) const fn failed_login_interval(&self) -> Duration {
        Duration::from_secs(self.failed_login_seconds)
    }

    /// Time after which one more login from a network may fail.
    pub(crate) const fn failed_login_network_interval(&self) -> Duration {
        Duration::from_secs(self.failed_login_network_seconds)
    }

    /// How long a key signs.
    pub(crate) const fn signing_key_life(&self) -> Duration {
        Duration::from_secs(self.signing_key_seconds)
    }

    /// How long others may keep the published keys.
    pub(crate) const fn jwks_cache_life(&self) -> Duration {
        Duration::from_secs(self.jwks_cache_seconds)
    }

    /// How long a key that signs no more must still verify: the last token's life and the clocks' difference.
    pub(crate) const fn signing_key_overlap(&self) -> Duration {
        Duration::from_secs(self.access_token_seconds + self.clock_leeway_seconds + self.jwks_cache_seconds)
    }
}
