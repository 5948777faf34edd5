//! The master keys of a deployment, in a file that only its owner may read.
//!
//! Sealed form: version byte 1, length of the key id, key id, 12 bytes nonce, ciphertext with 16 bytes tag;
//! AES-256-GCM-SIV (RFC 8452).

mod file;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard},
};

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use self::file::KeyringFile;
use crate::aead::{Cipher, KEY_BYTES};

const VERSION: u8 = 1;
const KEY_ID_LEN_MAX: usize = 64;

/// Keeps keys that are derived apart from all else that is made of a master key.
const ROOT_SALT: &[u8] = b"prosopa/keyring/derive";

/// The keys with which values are sealed and opened. Cheap to clone; clones learn of new keys together.
#[derive(Clone)]
pub struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    keys: RwLock<Arc<Keys>>,
}

struct Keys {
    active: String,
    /// What keys are derived from.
    active_root: Prk,
    by_id: BTreeMap<String, Cipher>,
}

/// A keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read or made.
    #[error("cannot use the keyring {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not a keyring.
    #[error("{path} is not a keyring: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("no random numbers to be had")]
    Random,
}

/// A sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was not made here, or is damaged, or belongs elsewhere.
    #[error("the sealed value is damaged or belongs elsewhere")]
    Damaged,
    /// It was sealed with a key that this keyring lacks.
    #[error("the key {0} is not in the keyring")]
    UnknownKey(String),
}

impl Keyring {
    /// Reads the keyring, or makes one with a single new key where there is no file (mode 0600).
    ///
    /// Processes that race make one file: the others read what the first made.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyringError> {
        let keys = Keys::parse(path, &file::read_or_create(path)?)?;
        Ok(Self { shared: Arc::new(Shared { path: path.to_owned(), keys: RwLock::new(Arc::new(keys)) }) })
    }

    /// Puts a new key into the file; it seals from now on, the others still open. Gives back its id.
    ///
    /// Other processes learn of it when they [reload](Self::reload) or meet what it has sealed. An older key may be
    /// taken out of the file once nothing is sealed by it any more: subjects' keys are moved by
    /// [`Vault::rewrap`](crate::Vault::rewrap); what services seal with the keyring itself is theirs to move.
    pub fn rotate(&self) -> Result<String, KeyringError> {
        let mut keys = self.write();
        *keys = Arc::new(Keys::parse(&self.shared.path, &file::add_key(&self.shared.path)?)?);
        Ok(keys.active.clone())
    }

    /// Reads the file again. On an error the keys stay as they were.
    pub fn reload(&self) -> Result<(), KeyringError> {
        // Read under the lock, or an older reading could come last.
        let mut keys = self.write();
        *keys = Arc::new(Keys::parse(&self.shared.path, &file::read(&self.shared.path)?)?);
        Ok(())
    }

    /// Id of the key that seals.
    pub fn active_id(&self) -> String {
        self.keys().active.clone()
    }

    /// Seals `plain` for the place named by `context`.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let keys = self.keys();
        let key = keys.by_id.get(&keys.active).ok_or(KeyringError::Random)?;
        let mut header = vec![VERSION, u8::try_from(keys.active.len()).unwrap_or(0)];
        header.extend_from_slice(keys.active.as_bytes());
        key.seal(&header, context.as_bytes(), plain).map_err(|_| KeyringError::Random)
    }

    /// Opens what [`Self::seal`] made for the same context.
    pub fn open(&self, context: &str, sealed: Vec<u8>) -> Result<Vec<u8>, OpenError> {
        let id = key_id(&sealed)?;
        let mut keys = self.keys();
        if !keys.by_id.contains_key(id) {
            // Another process may have rotated since the file was read.
            if let Err(error) = self.reload() {
                tracing::warn!(%error, "the keyring cannot be read again");
            }
            keys = self.keys();
        }
        let key = keys.by_id.get(id).ok_or_else(|| OpenError::UnknownKey(id.to_owned()))?;
        let header_len = 2 + id.len();
        key.open(header_len, context.as_bytes(), sealed).map_err(|_| OpenError::Damaged)
    }

    /// A key for `purpose` that only this deployment has (HKDF-SHA-256, RFC 5869), of the key that seals: with a new one
    /// of these all of those are new. For what may be forgotten, such as names under which something is counted.
    pub fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyringError> {
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let info = [purpose.as_bytes()];
        let keys = self.keys();
        let expanded = keys.active_root.expand(&info, HKDF_SHA256).map_err(|_| KeyringError::Random)?;
        expanded.fill(&mut derived[..]).map_err(|_| KeyringError::Random)?;
        Ok(derived)
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.shared.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Arc<Keys>> {
        self.shared.keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Id of the key that sealed a value, as the value itself says.
pub(crate) fn key_id(sealed: &[u8]) -> Result<&str, OpenError> {
    let [VERSION, id_len, rest @ ..] = sealed else { return Err(OpenError::Damaged) };
    let id = rest.get(..usize::from(*id_len)).ok_or(OpenError::Damaged)?;
    std::str::from_utf8(id).map_err(|_| OpenError::Damaged)
}

impl Keys {
    fn parse(path: &Path, file: &KeyringFile) -> Result<Self, KeyringError> {
        let malformed = |reason: &str| KeyringError::Malformed {
            path: path.display().to_string(),
            reason: reason.to_owned(),
        };
        let mut by_id = BTreeMap::new();
        let mut roots = Vec::new();
        for key in &file.keys {
            if key.id.is_empty() || key.id.len() > KEY_ID_LEN_MAX {
                return Err(malformed("a key's id must have 1 to 64 bytes"));
            }
            let secret = STANDARD.decode(&key.secret).map_err(|_| malformed("a secret is not base64"))?;
            let secret = Zeroizing::new(secret);
            let cipher = Cipher::new(&secret).ok_or_else(|| malformed("a secret must have 32 bytes"))?;
            roots.push(Salt::new(HKDF_SHA256, ROOT_SALT).extract(&secret));
            if by_id.insert(key.id.clone(), cipher).is_some() {
                return Err(malformed("two keys have one id"));
            }
        }
        let active = file.keys.first().ok_or_else(|| malformed("it has no key"))?.id.clone();
        let active_root = roots.into_iter().next().ok_or_else(|| malformed("it has no key"))?;
        Ok(Self { active, active_root, by_id })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("active", &self.active_id()).finish_non_exhaustive()
    }
}
