//! The file of a keyring: `{"keys": [{"id": …, "secret": …}, …]}`, the first key seals, all of them open.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::KeyringError;
use crate::{aead, durable};

/// What stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyringFile {
    pub(super) keys: Vec<FileKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileKey {
    pub(super) id: String,
    /// 32 bytes, base64.
    pub(super) secret: String,
}

impl FileKey {
    fn random(id: String) -> Result<Self, KeyringError> {
        let secret = aead::random_secret().map_err(|_| KeyringError::Random)?;
        Ok(Self { id, secret: STANDARD.encode(secret.as_slice()) })
    }
}

impl Drop for FileKey {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Reads the file, which must be there.
pub(super) fn read(path: &Path) -> Result<KeyringFile, KeyringError> {
    let bytes = Zeroizing::new(fs::read(path).map_err(|source| fault(path, source))?);
    serde_json::from_slice(&bytes).map_err(|_| KeyringError::Malformed {
        path: path.display().to_string(),
        reason: "it is not the expected JSON".into(),
    })
}

/// Reads the file, or makes one with a new key. Of several that make it at the same time, one does, and all read it.
pub(super) fn read_or_create(path: &Path) -> Result<KeyringFile, KeyringError> {
    match read(path) {
        Err(KeyringError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        outcome => return outcome,
    }
    let made = KeyringFile { keys: vec![FileKey::random("k1".into())?] };
    // What is sealed must not outlive its key, so the key is durable before anything is sealed.
    durable::create(path, &to_json(path, &made)?).map_err(|source| fault(path, source))?;
    read(path)
}

/// Puts a new key in front of the others. Processes that do it at the same time wait for each other.
pub(super) fn add_key(path: &Path) -> Result<KeyringFile, KeyringError> {
    let _lock = lock(path).map_err(|source| fault(path, source))?;
    let mut file = read(path)?;
    file.keys.insert(0, FileKey::random(new_id()?)?);
    durable::replace(path, &to_json(path, &file)?).map_err(|source| fault(path, source))?;
    Ok(file)
}

/// Held until it is dropped. A file of its own, since the keyring's is replaced.
fn lock(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Random, so that a key never gets the id of one that was removed.
fn new_id() -> Result<String, KeyringError> {
    let mut bits = [0; 8];
    rand::fill(&mut bits).map_err(|_| KeyringError::Random)?;
    Ok(format!("k{:016x}", u64::from_be_bytes(bits)))
}

fn to_json(path: &Path, file: &KeyringFile) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    serde_json::to_vec_pretty(file).map(Zeroizing::new).map_err(|error| fault(path, error.into()))
}

fn fault(path: &Path, source: io::Error) -> KeyringError {
    KeyringError::File { path: path.display().to_string(), source }
}
