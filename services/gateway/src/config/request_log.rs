//! What the request log holds beside what it always holds.

use serde::{Deserialize, Serialize};

use prosopa_model::AccountId;

use super::{ConfigError, check};

/// Longest body that can be kept, bytes: two of them, and the rest, fit into one record.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Bodies in the request log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLog {
    /// Which bodies are kept.
    pub bodies: LoggedBodies,
    /// Of how many requests in a thousand; up to 1,000.
    pub bodies_per_thousand: u32,
    /// Longest body that is kept, bytes, up to 16,384: a longer one is left out, since half a body cannot be read.
    pub body_bytes_max: usize,
    /// Only those of these accounts; of all if there is none.
    pub accounts: Vec<AccountId>,
}

/// Which bodies the request log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoggedBodies {
    /// None.
    #[default]
    Off,
    /// JSON, with everything blanked that by its name may be secret or tell who somebody is.
    Json,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self {
            bodies: LoggedBodies::Off,
            bodies_per_thousand: 10,
            body_bytes_max: 4_096,
            accounts: Vec::new(),
        }
    }
}

impl RequestLog {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check(self.bodies_per_thousand <= 1_000, "request_log.bodies_per_thousand", || {
            "at most 1000".to_owned()
        })?;
        check((1..=BODY_BYTES_MAX).contains(&self.body_bytes_max), "request_log.body_bytes_max", || {
            format!("1 to {BODY_BYTES_MAX}")
        })
    }
}
