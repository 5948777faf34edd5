//! The section `detection` of the configuration.

use serde::{Deserialize, Serialize};

use prosopa_contract::engine::IMAGE_BYTES_MAX;

/// Smallest and largest size of faces that callers may ask for, pixels.
pub(crate) const MIN_FACE_PX: std::ops::RangeInclusive<u32> = 12..=4096;

/// How many faces callers may ask for.
pub(crate) const MAX_FACES: std::ops::RangeInclusive<u32> = 1..=1000;

const MIB: u64 = 1024 * 1024;

/// How pictures are looked at unless the caller says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Shorter side of the smallest face looked for, pixels, 12 to 4096; none: max(20, shorter side / 12).
    pub min_face_px_default: Option<u32>,
    /// Bytes of pictures that may be in memory at the same time, on their way in and out; 20 MiB or more.
    pub picture_bytes_max: u64,
    /// Hosts from which pictures are fetched for who names an address instead of sending one, each perhaps with a port, or `*` for
    /// every host with a public address; none: nothing is fetched. Names must lead to public addresses.
    pub image_url_hosts: Vec<String>,
    /// Bytes that pictures leave free on their disk, so that there is room to delete some when it is full.
    pub free_disk_bytes_min: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            min_face_px_default: None,
            picture_bytes_max: 96 * MIB,
            image_url_hosts: Vec::new(),
            free_disk_bytes_min: 64 * MIB,
        }
    }
}

impl Config {
    /// Refuses values out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self.min_face_px_default {
            Some(px) if !MIN_FACE_PX.contains(&px) => Err(ConfigError::MinFace(px)),
            _ if self.picture_bytes_max < IMAGE_BYTES_MAX as u64 => {
                Err(ConfigError::PictureBytes(self.picture_bytes_max))
            }
            _ => Ok(()),
        }
    }
}

/// A value is out of range.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Too small or too large a face.
    #[error("detection.min_face_px_default is {0}, must be 12 to 4096")]
    MinFace(u32),
    /// Not even one picture fits.
    #[error("detection.picture_bytes_max is {0}, must be at least 20971520")]
    PictureBytes(u64),
}
