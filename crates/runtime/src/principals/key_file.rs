//! The file of the keys that sign: `{"keys": [{"kid": …, "sealed_private_key": …}, …]}`, sealed with the keyring.
//!
//! The first key signs, all of them verify; the second one signs next. Processes that share the file take turns.

use std::{
    fs,
    io::{self, ErrorKind, Read, Write},
    path::Path,
};

use aws_lc_rs::{
    rand,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::EncodingKey;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use prosopa_vault::Keyring;

use super::{PrincipalKeyError, PublicKey, PublicKeySet, key_set::VerifyingKeys};

/// Largest file of keys, bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Keys that a rotation leaves: the one that signs, the next one, and the two before.
const KEYS_KEPT: usize = 4;

/// Keys ready for use.
pub(super) struct SigningKeys {
    /// Id of the key that signs.
    pub(super) kid: String,
    pub(super) signs_with: EncodingKey,
    pub(super) verify: VerifyingKeys,
    pub(super) public: PublicKeySet,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    keys: Vec<SealedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedKey {
    kid: String,
    /// PKCS #8, sealed for this `kid`, base64.
    sealed_private_key: String,
}

/// Makes a file with two new keys where there is none. Of several that do so at the same time, one succeeds.
pub(super) fn create_if_missing(path: &Path, keyring: &Keyring) -> Result<(), PrincipalKeyError> {
    if path.exists() {
        return Ok(());
    }
    let file = KeyFile { keys: vec![SealedKey::random(keyring)?, SealedKey::random(keyring)?] };
    let temporary = write_beside(path, &file).map_err(|source| fault(path, source))?;
    match temporary.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(fault(path, error.error)),
        _ => sync_entry(path).map_err(|source| fault(path, source)),
    }
}

/// Lets the second key sign, puts a new one in its place, and seals all of them with the keyring's newest key.
pub(super) fn rotate(path: &Path, keyring: &Keyring) -> Result<(), PrincipalKeyError> {
    let _lock = lock(path).map_err(|source| fault(path, source))?;
    let mut file: KeyFile = read_json(path)?;
    while file.keys.len() < 2 {
        file.keys.push(SealedKey::random(keyring)?);
    }
    file.keys.insert(2, SealedKey::random(keyring)?);
    // The one that signed goes behind the one that signs next.
    file.keys[..3].rotate_left(1);
    file.keys.truncate(KEYS_KEPT);
    for key in &mut file.keys {
        key.sealed_private_key =
            STANDARD.encode(keyring.seal(&context(&key.kid), &key.open(path, keyring)?)?);
    }
    let temporary = write_beside(path, &file).map_err(|source| fault(path, source))?;
    temporary.persist(path).map_err(|error| fault(path, error.error))?;
    sync_entry(path).map_err(|source| fault(path, source))
}

/// Reads and opens the keys.
pub(super) fn read_signing_keys(path: &Path, keyring: &Keyring) -> Result<SigningKeys, PrincipalKeyError> {
    let file: KeyFile = read_json(path)?;
    let mut signs_with = None;
    let mut public = Vec::new();
    for key in file.keys {
        let private_key = key.open(path, keyring)?;
        let pair = Ed25519KeyPair::from_pkcs8(&private_key);
        let pair = pair.map_err(|_| malformed(path, "a private key is not Ed25519"))?;
        signs_with.get_or_insert_with(|| (key.kid.clone(), EncodingKey::from_ed_der(&private_key)));
        public.push(PublicKey::new(key.kid, pair.public_key().as_ref()));
    }
    let public = PublicKeySet { keys: public };
    let verify = VerifyingKeys::new(&public).map_err(|reason| malformed(path, reason))?;
    let (kid, signs_with) = signs_with.ok_or_else(|| malformed(path, "it has no key"))?;
    Ok(SigningKeys { kid, signs_with, verify, public })
}

/// Reads public keys.
pub(super) fn read_public_keys(path: &Path) -> Result<VerifyingKeys, PrincipalKeyError> {
    let set: PublicKeySet = read_json(path)?;
    VerifyingKeys::new(&set).map_err(|reason| malformed(path, reason))
}

impl SealedKey {
    fn random(keyring: &Keyring) -> Result<Self, PrincipalKeyError> {
        let mut bits = [0; 8];
        rand::fill(&mut bits).map_err(|_| PrincipalKeyError::Random)?;
        let kid = format!("p{:016x}", u64::from_be_bytes(bits));
        let pair = Ed25519KeyPair::generate().map_err(|_| PrincipalKeyError::Random)?;
        let private_key = pair.to_pkcs8v1().map_err(|_| PrincipalKeyError::Random)?;
        let sealed = keyring.seal(&context(&kid), private_key.as_ref())?;
        Ok(Self { kid, sealed_private_key: STANDARD.encode(sealed) })
    }

    /// The private key; `path` is where it was read.
    fn open(&self, path: &Path, keyring: &Keyring) -> Result<Zeroizing<Vec<u8>>, PrincipalKeyError> {
        let sealed = STANDARD.decode(&self.sealed_private_key);
        let sealed = sealed.map_err(|_| malformed(path, "a sealed key is not base64"))?;
        let private_key = keyring.open(&context(&self.kid), sealed);
        private_key
            .map(Zeroizing::new)
            .map_err(|source| PrincipalKeyError::Open { kid: self.kid.clone(), source })
    }
}

/// Where a private key belongs: under another id it does not open.
fn context(kid: &str) -> String {
    format!("runtime/principal_keys/{kid}")
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, PrincipalKeyError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|source| fault(path, source))?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|source| fault(path, source))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(malformed(path, "it is too large"));
    }
    serde_json::from_slice(&bytes).map_err(|_| malformed(path, "it is not the expected JSON"))
}

/// Held until it is dropped. A file of its own, since the keys' is replaced.
fn lock(path: &Path) -> io::Result<fs::File> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// A file written beside its later place; temporary files have mode 0600.
fn write_beside(path: &Path, file: &KeyFile) -> io::Result<NamedTempFile> {
    let mut temporary = NamedTempFile::new_in(folder_of(path))?;
    serde_json::to_writer_pretty(&mut temporary, file)?;
    temporary.flush()?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// A new name lasts only once its folder is written.
fn sync_entry(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

fn fault(path: &Path, source: io::Error) -> PrincipalKeyError {
    PrincipalKeyError::File { path: path.display().to_string(), source }
}

fn malformed(path: &Path, reason: &'static str) -> PrincipalKeyError {
    PrincipalKeyError::Malformed { path: path.display().to_string(), reason }
}
