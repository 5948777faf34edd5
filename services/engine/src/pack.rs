//! Model packs: a folder with a manifest and one safetensors or ONNX file per network, verified before use.
//!
//! Owns the format, reading and building it; must not know what a network computes.

mod archive;
pub mod build;
mod calibration;
mod convert;
pub(crate) mod digest;
mod face_api;
pub mod manifest;
pub(crate) mod onnx;
mod torch_pickle;

use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};

pub use self::{
    build::{BuildInputs, build},
    calibration::{Calibration, Point},
    manifest::{InputContract, Layout, Manifest},
};

/// Name of the manifest inside a pack.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The networks that this version loads from a pack.
pub const NETWORKS: [&str; 5] = ["mtcnn", "landmarks68", "recognition", "text_detector", "text_recognizer"];

/// Largest manifest, bytes.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;

/// Largest tensor file, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Why a pack cannot be built, opened or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot access {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is not what this version reads.
    #[error("the manifest of the model pack is not valid: {detail}")]
    Manifest {
        /// What is wrong.
        detail: String,
    },
    /// A file or archive has another digest than it must have.
    #[error("{} has the SHA-256 digest {found}, not {expected}", path.display())]
    Digest {
        /// Which file.
        path: PathBuf,
        /// Lower-case hexadecimal.
        expected: String,
        /// Lower-case hexadecimal.
        found: String,
    },
    /// A file has another size than it must have.
    #[error("{} has {found} bytes, not {expected}", path.display())]
    Size {
        /// Which file.
        path: PathBuf,
        /// Bytes.
        expected: u64,
        /// Bytes.
        found: u64,
    },
    /// The pack has no such network.
    #[error("the model pack has no network {network}")]
    MissingNetwork {
        /// Which network.
        network: String,
    },
    /// A tensor is missing or has another shape.
    #[error("tensor {tensor} of network {network}: {detail}")]
    BadTensor {
        /// Which network.
        network: String,
        /// Which tensor.
        tensor: String,
        /// What is wrong.
        detail: String,
    },
    /// An archive lacks an entry or cannot be unpacked.
    #[error("{}: {detail}", path.display())]
    Archive {
        /// Which archive.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The weights inside an archive are not in the format expected.
    #[error("weights {name}: {detail}")]
    Weights {
        /// Which weights.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// A network in ONNX format cannot be used.
    #[error("network {network}: {detail}")]
    BadNetwork {
        /// Which network.
        network: String,
        /// What is wrong.
        detail: String,
    },
    /// A tensor file could not be read or written.
    #[error("tensors: {0}")]
    Tensors(#[from] candle_core::Error),
}

/// A verified model pack.
#[derive(Debug, Clone)]
pub struct Pack {
    dir: PathBuf,
    manifest: Manifest,
    digest: String,
}

impl Pack {
    /// Opens the pack in `dir` and verifies the digest of every file.
    ///
    /// # Errors
    /// A file is missing, or differs from the manifest; the manifest is of another format version; or the pack is of an
    /// earlier version, without all of [`NETWORKS`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = dir.as_ref().to_path_buf();
        let bytes = read(&dir.join(MANIFEST_FILE), MANIFEST_BYTES_MAX)?;
        let manifest = Manifest::parse(&bytes)?;
        for network in NETWORKS {
            manifest.network(network)?;
        }
        let pack = Self { dir, manifest, digest: digest::of_bytes(&bytes) };
        for file in &pack.manifest.files {
            pack.verified(file)?;
        }
        Ok(pack)
    }

    /// SHA-256 of the manifest, lower-case hexadecimal; since the manifest names the digest of every file, it names the
    /// whole pack.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Loads a network's tensors onto `device`, verifying the file once more as it is read.
    ///
    /// # Errors
    /// The pack has no such network, or the file differs from the manifest.
    pub fn load(&self, network: &str, device: &Device) -> Result<HashMap<String, Tensor>, Error> {
        Ok(candle_core::safetensors::load_buffer(&self.read_network(network)?, device)?)
    }

    /// Reads a network's file, verifying it once more.
    ///
    /// # Errors
    /// The pack has no such network, or the file differs from the manifest.
    pub fn read_network(&self, network: &str) -> Result<Vec<u8>, Error> {
        self.read_file(network, &self.manifest.network(network)?.file)
    }

    /// Reads the names of a network's classes in their order, verifying the file once more.
    ///
    /// # Errors
    /// The pack has no such network, or one without a dictionary; the file differs from the manifest or is no text.
    pub fn read_dictionary(&self, network: &str) -> Result<Vec<String>, Error> {
        let bad = |detail: &str| Error::Manifest { detail: format!("network {network} {detail}") };
        let file = self.manifest.network(network)?.dictionary.as_ref();
        let bytes = self.read_file(network, file.ok_or_else(|| bad("has no dictionary"))?)?;
        let text = String::from_utf8(bytes).map_err(|_| bad("has a dictionary that is no text"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn read_file(&self, network: &str, path: &str) -> Result<Vec<u8>, Error> {
        let file = self.manifest.files.iter().find(|entry| entry.path == path);
        self.verified(file.ok_or_else(|| Error::MissingNetwork { network: network.into() })?)
    }

    /// What a network expects of its input.
    ///
    /// # Errors
    /// The pack has no such network.
    pub fn input_contract(&self, network: &str) -> Result<&InputContract, Error> {
        Ok(&self.manifest.network(network)?.input)
    }

    fn verified(&self, file: &manifest::File) -> Result<Vec<u8>, Error> {
        let path = self.dir.join(&file.path);
        let bytes = read(&path, FILE_BYTES_MAX)?;
        let found = bytes.len() as u64;
        if found != file.size_bytes {
            return Err(Error::Size { path, expected: file.size_bytes, found });
        }
        digest::check(&path, &bytes, &file.sha256)?;
        Ok(bytes)
    }
}

/// Puts a calibration into the manifest of the pack in `dir`, which gets another digest by that. The manifest is replaced
/// as a whole or not at all.
///
/// # Errors
/// The pack cannot be opened, or its manifest cannot be written.
pub fn set_calibration(dir: impl AsRef<Path>, calibration: Calibration) -> Result<(), Error> {
    let pack = Pack::open(dir)?;
    let manifest = Manifest { calibration: Some(calibration), ..pack.manifest };
    let text = manifest.to_text()?;
    Manifest::parse(text.as_bytes())?;
    let path = pack.dir.join(MANIFEST_FILE);
    let fault = |source| Error::File { path: path.clone(), source };
    let mut file = tempfile::NamedTempFile::new_in(&pack.dir).map_err(fault)?;
    let write = file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all());
    write.map_err(fault)?;
    // A temporary file is its owner's alone; the manifest keeps what it had.
    let permissions = fs::metadata(&path).map_err(fault)?.permissions();
    fs::set_permissions(file.path(), permissions).map_err(fault)?;
    file.persist(&path).map_err(|error| fault(error.error))?;
    Ok(())
}

/// Reads a whole file of at most `bytes_max` bytes.
fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let fault = |source| Error::File { path: path.to_path_buf(), source };
    let len = fs::metadata(path).map_err(fault)?.len();
    if len > bytes_max {
        return Err(fault(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {bytes_max} bytes"),
        )));
    }
    fs::read(path).map_err(fault)
}
