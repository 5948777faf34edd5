//! The section `notifications` of the configuration.

mod mail;

use std::{ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::mail::{MailConfig, MailConfigError, MailTransport, SmtpConfig, SmtpTls};

/// How long jobs may be listed, days.
const PROJECTION_DAYS: RangeInclusive<u32> = 1..=3_650;

/// What is told, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Days that a job is listed after its last change, 1 to 3650.
    pub projection_days: u32,
    /// How mail leaves and what stands in it.
    pub mail: MailConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self { projection_days: 30, mail: MailConfig::default() }
    }
}

impl Config {
    /// Refuses values out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !PROJECTION_DAYS.contains(&self.projection_days) {
            return Err(ConfigError::ProjectionDays(self.projection_days));
        }
        Ok(self.mail.validate()?)
    }

    /// How long a job is listed after its last change.
    pub(crate) fn projection_kept(&self) -> Duration {
        Duration::from_hours(24 * u64::from(self.projection_days))
    }
}

/// A value is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Jobs would be listed for no time, or for ever.
    #[error("notifications.projection_days is {0}, must be 1 to 3650")]
    ProjectionDays(u32),
    /// Mail could not be sent like this.
    #[error(transparent)]
    Mail(#[from] MailConfigError),
}
