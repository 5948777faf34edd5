//! The keys of principals: those that sign and verify, and those that only verify.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jsonwebtoken::DecodingKey;

use prosopa_model::Timestamp;
use prosopa_vault::{Keyring, KeyringError, OpenError};

use super::{
    PublicKeySet,
    key_file::{self, SigningKeys},
    key_set::VerifyingKeys,
    watched::{AGE_MAX, AGE_MAX_UNKNOWN, Watched},
};

/// The deployment's keys that sign principals. Cheap to clone; clones learn of new keys together.
///
/// They lie in a file, sealed with the keyring; other processes over the same file learn of a change within a minute.
#[derive(Clone)]
pub struct PrincipalKeys {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    keyring: Keyring,
    keys: Watched<SigningKeys>,
}

/// The public halves of those keys, from a file of a [`PublicKeySet`]. Cheap to clone.
///
/// For processes that shall believe principals and not be able to make any. The file may be replaced at any time; that
/// is noticed within a minute.
#[derive(Clone)]
pub struct PrincipalPublicKeys {
    keys: Arc<Watched<VerifyingKeys>>,
}

/// The keys of principals cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalKeyError {
    /// The file cannot be read or written.
    #[error("cannot use the keys of principals {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{path} does not hold keys of principals: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A new key cannot be sealed.
    #[error("a key of principals cannot be sealed")]
    Seal(#[from] KeyringError),
    /// A private key does not open with this keyring.
    #[error("the key {kid} of principals does not open")]
    Open {
        /// Its id.
        kid: String,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The system gives no random numbers.
    #[error("no random numbers to be had")]
    Random,
}

impl PrincipalKeys {
    /// Reads the keys, or makes the first ones where there is no file (mode 0600).
    ///
    /// Processes that race make one file: the others read what the first made.
    pub fn open_or_create(path: &Path, keyring: Keyring) -> Result<Self, PrincipalKeyError> {
        key_file::create_if_missing(path, &keyring)?;
        let (file, opens_with) = (path.to_owned(), keyring.clone());
        let keys = Watched::open(move || key_file::read_signing_keys(&file, &opens_with))?;
        Ok(Self { shared: Arc::new(Shared { path: path.to_owned(), keyring, keys }) })
    }

    /// Lets the next key sign, which everybody knows already, and makes the one after it. All are sealed anew, so that
    /// an older key of the keyring is needed for them no more.
    ///
    /// The two keys that signed before go on verifying. Copies of the public keys must be renewed before the rotation
    /// after this one, and this file is read by others within a minute: leave more than that between two rotations.
    pub fn rotate(&self) -> Result<(), PrincipalKeyError> {
        let Shared { path, keyring, keys } = &*self.shared;
        keys.change(|| key_file::rotate(path, keyring))?;
        tracing::info!(kid = keys.latest().kid, "another key signs principals");
        Ok(())
    }

    /// The public halves, for processes that only verify.
    pub fn public_keys(&self) -> PublicKeySet {
        self.shared.keys.latest().public.clone()
    }

    /// The keys as of `now`; the first one signs.
    pub(super) fn signing(&self, now: Timestamp) -> Arc<SigningKeys> {
        self.shared.keys.as_of(now, AGE_MAX)
    }

    pub(super) fn find(&self, kid: &str, now: Timestamp) -> Option<DecodingKey> {
        find(&self.shared.keys, |keys| &keys.verify, kid, now)
    }
}

impl PrincipalPublicKeys {
    /// Reads the file, which must be there.
    pub fn open(path: &Path) -> Result<Self, PrincipalKeyError> {
        let path = path.to_owned();
        let keys = Watched::open(move || key_file::read_public_keys(&path))?;
        Ok(Self { keys: Arc::new(keys) })
    }

    pub(super) fn find(&self, kid: &str, now: Timestamp) -> Option<DecodingKey> {
        find(&self.keys, |keys| keys, kid, now)
    }
}

/// Looks into the file again for a key that is not known: it may have been made since.
fn find<K>(
    watched: &Watched<K>,
    verifying: impl Fn(&K) -> &VerifyingKeys,
    kid: &str,
    now: Timestamp,
) -> Option<DecodingKey> {
    let find_in = |keys: Arc<K>| verifying(&keys).find(kid).cloned();
    find_in(watched.as_of(now, AGE_MAX)).or_else(|| find_in(watched.as_of(now, AGE_MAX_UNKNOWN)))
}

impl fmt::Debug for PrincipalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalKeys").field("signs", &self.shared.keys.latest().kid).finish_non_exhaustive()
    }
}

impl fmt::Debug for PrincipalPublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalPublicKeys").finish_non_exhaustive()
    }
}
