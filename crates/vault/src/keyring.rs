//! The master keys of a deployment, in a file that only its owner may read.
//!
//! Sealed form: version byte 1, length of the key id, key id, 12 bytes nonce, ciphertext with 16 bytes tag;
//! AES-256-GCM-SIV (RFC 8452), which stays safe should a random nonce ever repeat.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const KEY_ID_LEN_MAX: usize = 64;

/// The keys with which values are sealed and opened. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<Keys>,
}

struct Keys {
    active: String,
    by_id: BTreeMap<String, LessSafeKey>,
}

/// The file: the first key seals, all of them open.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: Vec<FileKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    id: String,
    /// 32 bytes, base64.
    secret: String,
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
    /// It was not made by a keyring, or is damaged, or belongs elsewhere.
    #[error("the sealed value is damaged or belongs elsewhere")]
    Damaged,
    /// It was sealed with a key that this keyring lacks.
    #[error("the key {0} is not in the keyring")]
    UnknownKey(String),
}

impl Keyring {
    /// Reads the keyring, or makes one with a single new key where there is no file (mode 0600).
    ///
    /// Two processes that race make one file: the second reads what the first made.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyringError> {
        let fault = |source| KeyringError::File { path: path.display().to_string(), source };
        match fs::read(path) {
            Ok(bytes) => return Self::parse(path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fault(error)),
        }
        let mut secret = [0; KEY_BYTES];
        rand::fill(&mut secret).map_err(|_| KeyringError::Random)?;
        let file = File { keys: vec![FileKey { id: "k1".into(), secret: STANDARD.encode(secret) }] };
        let json = serde_json::to_vec_pretty(&file).map_err(|error| fault(error.into()))?;
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        // A named temporary file has mode 0600; linking it fails if another process was first.
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(fault)?;
        temporary.write_all(&json).map_err(fault)?;
        temporary.as_file().sync_all().map_err(fault)?;
        if let Err(error) = temporary.persist_noclobber(path)
            && error.error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(fault(error.error));
        }
        // What is sealed must not outlive its key, so the key's name is made durable before anything is sealed.
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)?;
        let bytes = fs::read(path).map_err(fault)?;
        Self::parse(path, &bytes)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, KeyringError> {
        let malformed = |reason: &str| KeyringError::Malformed {
            path: path.display().to_string(),
            reason: reason.to_owned(),
        };
        let file: File =
            serde_json::from_slice(bytes).map_err(|_| malformed("it is not the expected JSON"))?;
        let mut by_id = BTreeMap::new();
        for key in &file.keys {
            if key.id.is_empty() || key.id.len() > KEY_ID_LEN_MAX {
                return Err(malformed("a key's id must have 1 to 64 characters"));
            }
            let secret = STANDARD.decode(&key.secret).map_err(|_| malformed("a secret is not base64"))?;
            let unbound = UnboundKey::new(&AES_256_GCM_SIV, &secret);
            let unbound = unbound.map_err(|_| malformed("a secret must have 32 bytes"))?;
            if by_id.insert(key.id.clone(), LessSafeKey::new(unbound)).is_some() {
                return Err(malformed("two keys have one id"));
            }
        }
        let active = file.keys.first().ok_or_else(|| malformed("it has no key"))?.id.clone();
        Ok(Self { keys: Arc::new(Keys { active, by_id }) })
    }

    /// Seals `plain` for the place named by `context`.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let Keys { active, by_id } = &*self.keys;
        let key = by_id.get(active).ok_or(KeyringError::Random)?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyringError::Random)?;
        let header_len = 2 + active.len() + NONCE_LEN;
        let mut sealed = Vec::with_capacity(header_len + plain.len() + AES_256_GCM_SIV.tag_len());
        sealed.push(VERSION);
        sealed.push(u8::try_from(active.len()).unwrap_or(0));
        sealed.extend_from_slice(active.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag =
            key.seal_in_place_separate_tag(nonce, Aad::from(context.as_bytes()), &mut sealed[header_len..]);
        sealed.extend_from_slice(tag.map_err(|_| KeyringError::Random)?.as_ref());
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same context.
    pub fn open(&self, context: &str, mut sealed: Vec<u8>) -> Result<Vec<u8>, OpenError> {
        let [VERSION, id_len, ..] = sealed[..] else { return Err(OpenError::Damaged) };
        let nonce_at = 2 + usize::from(id_len);
        let body_at = nonce_at + NONCE_LEN;
        let id = sealed.get(2..nonce_at).ok_or(OpenError::Damaged)?;
        let key = std::str::from_utf8(id).ok().and_then(|id| self.keys.by_id.get(id));
        let key = key.ok_or_else(|| OpenError::UnknownKey(String::from_utf8_lossy(id).into_owned()))?;
        let nonce = sealed.get(nonce_at..body_at).ok_or(OpenError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Damaged)?;
        let plain = key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut sealed[body_at..]);
        let plain_len = plain.map_err(|_| OpenError::Damaged)?.len();
        sealed.drain(..body_at);
        sealed.truncate(plain_len);
        Ok(sealed)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("active", &self.keys.active).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(folder: &Path) -> Keyring {
        Keyring::open_or_create(&folder.join("keyring.json")).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = keyring(folder.path()).seal("images/1", b"picture").unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"picture"));
        assert_eq!(keyring(folder.path()).open("images/1", sealed).unwrap(), b"picture");
    }

    #[test]
    fn another_place_and_a_flipped_bit_do_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = keyring(folder.path());
        let sealed = keyring.seal("images/1", b"picture").unwrap();
        assert_eq!(keyring.open("images/2", sealed.clone()), Err(OpenError::Damaged));
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(keyring.open("images/1", damaged).is_err(), "byte {position}");
        }
        for length in 0..sealed.len() {
            assert!(keyring.open("images/1", sealed[..length].to_vec()).is_err(), "length {length}");
        }
    }

    #[test]
    fn the_first_key_seals_and_older_ones_still_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.json");
        let old = keyring(folder.path());
        let sealed = old.seal("x", b"old").unwrap();
        let mut file: File = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        file.keys.insert(0, FileKey { id: "k2".into(), secret: STANDARD.encode([7; KEY_BYTES]) });
        fs::write(&path, serde_json::to_vec(&file).unwrap()).unwrap();
        let new = keyring(folder.path());
        assert_eq!(new.open("x", sealed).unwrap(), b"old");
        let resealed = new.seal("x", b"new").unwrap();
        assert_eq!(old.open("x", resealed), Err(OpenError::UnknownKey("k2".into())));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        keyring(folder.path());
        let mode = fs::metadata(folder.path().join("keyring.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
