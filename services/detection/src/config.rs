//! The section `detection` of the configuration.

use serde::{Deserialize, Serialize};

/// Smallest and largest size of faces that callers may ask for, pixels.
pub(crate) const MIN_FACE_PX: std::ops::RangeInclusive<u32> = 12..=4096;

/// How many faces callers may ask for.
pub(crate) const MAX_FACES: std::ops::RangeInclusive<u32> = 1..=1000;

/// How pictures are looked at unless the caller says otherwise.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Shorter side of the smallest face looked for, pixels, 12 to 4096; none: max(20, shorter side / 12).
    pub min_face_px_default: Option<u32>,
}

impl Config {
    /// Refuses values out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self.min_face_px_default {
            Some(px) if !MIN_FACE_PX.contains(&px) => Err(ConfigError(px)),
            _ => Ok(()),
        }
    }
}

/// A value is out of range.
#[derive(Debug, thiserror::Error)]
#[error("detection.min_face_px_default is {0}, must be 12 to 4096")]
pub struct ConfigError(u32);
