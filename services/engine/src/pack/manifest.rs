//! The manifest: what a pack is made of and where it comes from.

use serde::{Deserialize, Serialize};

use super::{Calibration, Error};

/// The format this version reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// A pack's `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Name of the pack.
    pub name: String,
    /// Version of the pack.
    pub version: String,
    /// The networks.
    pub networks: Vec<Network>,
    /// Every file besides the manifest.
    pub files: Vec<File>,
    /// What distances between the embeddings mean; absent where nobody has measured it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub calibration: Option<Calibration>,
}

/// One network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Name the engine loads it by.
    pub name: String,
    /// The file with its tensors (`.safetensors`) or with all of it (`.onnx`), one of [`Manifest::files`].
    pub file: String,
    /// The file that names the classes of its output, a line each, one of [`Manifest::files`]; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dictionary: Option<String>,
    /// SPDX identifier of the weights' licence.
    pub licence: String,
    /// Where the weights come from.
    pub source: Source,
    /// What goes in.
    pub input: InputContract,
}

/// Origin of a network's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Package and registry kind, such as `npm:@scope/name`.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// SHA-256 of the package's archive, lower-case hexadecimal.
    pub archive_sha256: String,
}

/// The order of a network's input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Row by row, red, green and blue of each pixel side by side.
    #[default]
    NhwcRgb,
    /// A plane of blue, one of green, one of red.
    NchwBgr,
}

impl Layout {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a network expects of its input: `(pixel - mean) / divisor` of pixels 0 to 255.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputContract {
    /// Side of the square input, pixels; absent when any size goes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub side_px: Option<u32>,
    /// Order of the numbers.
    #[serde(skip_serializing_if = "Layout::is_default", default)]
    pub layout: Layout,
    /// Subtracted from red, green and blue.
    pub mean: [f32; 3],
    /// Divides the difference; not zero.
    pub divisor: f32,
}

/// One file of a pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Name inside the pack's folder.
    pub path: String,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Length, bytes.
    pub size_bytes: u64,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`Error::Manifest`]: not JSON of this shape, another format version, a file outside of the pack, a divisor that is
    /// not a positive number, a network whose file is not listed, or a calibration that is not monotone.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |detail: String| Error::Manifest { detail };
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        if manifest.format_version != FORMAT_VERSION {
            return Err(bad(format!(
                "format version {}, expected {FORMAT_VERSION}",
                manifest.format_version
            )));
        }
        if let Some(file) = manifest.files.iter().find(|file| !is_plain_name(&file.path)) {
            return Err(bad(format!("{:?} is not the name of a file in the pack", file.path)));
        }
        for network in &manifest.networks {
            let named = std::iter::once(&network.file).chain(&network.dictionary);
            for name in named {
                if !manifest.files.iter().any(|file| file.path == *name) {
                    return Err(bad(format!("{name:?} of network {} is not among the files", network.name)));
                }
            }
            if !(network.input.divisor.is_finite() && network.input.divisor > 0.0) {
                return Err(bad(format!("the divisor of network {} is not a positive number", network.name)));
            }
        }
        if let Some(fault) = manifest.calibration.as_ref().and_then(Calibration::fault) {
            return Err(bad(format!("calibration: {fault}")));
        }
        Ok(manifest)
    }

    /// The text that [`Self::parse`] reads, indented, with a line's end.
    ///
    /// # Errors
    /// [`Error::Manifest`].
    pub fn to_text(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| Error::Manifest { detail: error.to_string() })
    }

    /// A network by its name.
    ///
    /// # Errors
    /// [`Error::MissingNetwork`].
    pub fn network(&self, name: &str) -> Result<&Network, Error> {
        self.networks
            .iter()
            .find(|network| network.name == name)
            .ok_or_else(|| Error::MissingNetwork { network: name.into() })
    }
}

fn is_plain_name(path: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !path.is_empty() && !path.starts_with('.') && path.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests;
