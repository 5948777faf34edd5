//! The engine's configuration.

use std::{num::NonZeroUsize, path::PathBuf, thread};

use serde::{Deserialize, Serialize};

/// How the engine runs. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the model pack.
    pub model_pack_dir: PathBuf,
    /// Worker threads, each with one picture at a time; 0 means one a processor core.
    pub workers: usize,
    /// Most pictures that wait; more are refused as `Overloaded`.
    pub queue_len_max: usize,
    /// Most encoded bytes that wait; more are refused as `Overloaded`.
    pub queue_bytes_max: usize,
    /// Most pixels decoded at a time, counted as 8-bit RGB (3 bytes each); a larger picture runs beside small ones
    /// only, which have an eighth of this for themselves.
    pub pixel_budget_px: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model_pack_dir: PathBuf::from("models"),
            workers: 0,
            queue_len_max: 256,
            queue_bytes_max: 64 * 1024 * 1024,
            pixel_budget_px: 64_000_000,
        }
    }
}

/// A value is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} must be {allowed}")]
pub struct Invalid {
    /// The field.
    pub key: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

impl Config {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first value out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        let check =
            |is_right: bool, key, allowed| if is_right { Ok(()) } else { Err(Invalid { key, allowed }) };
        check(self.workers <= 1024, "workers", "at most 1024")?;
        check((1..=1_000_000).contains(&self.queue_len_max), "queue_len_max", "between 1 and 1000000")?;
        check(self.queue_bytes_max > 0, "queue_bytes_max", "at least 1")?;
        check(self.pixel_budget_px > 0, "pixel_budget_px", "at least 1")
    }

    /// Worker threads to start.
    pub(crate) fn workers_effective(&self) -> usize {
        if self.workers > 0 {
            self.workers
        } else {
            thread::available_parallelism().map_or(1, NonZeroUsize::get)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
        assert!(Config::default().workers_effective() >= 1);
    }

    #[test]
    fn a_queue_without_room_is_refused() {
        let config = Config { queue_len_max: 0, ..Config::default() };
        assert_eq!(config.validate().map_err(|error| error.key), Err("queue_len_max"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"worker": 1}"#).is_err());
        assert_eq!(
            serde_json::from_str::<Config>(r#"{"workers": 3}"#).map(|config| config.workers).ok(),
            Some(3)
        );
    }
}
