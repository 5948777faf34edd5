//! Sealed blobs in a folder.

mod files;

use std::{io, path::PathBuf, time::Duration};

use prosopa_model::Timestamp;
use prosopa_problem::{Code, Problem};

use self::files::{list_before, read, remove, require_room};
use crate::{Keyring, KeyringError, OpenError, durable};

/// Keeps blobs by name, each sealed for its name. Cheap to clone.
///
/// What belongs to a subject is kept through [`Vault::put_blob`](crate::Vault::put_blob) instead, which uses the same
/// files and seals under the subject's key.
#[derive(Clone)]
pub struct BlobStore {
    folder: PathBuf,
    keyring: Keyring,
    free_bytes_min: u64,
}

/// A blob cannot be kept or given back.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is none of that name.
    #[error("there is no blob {0}")]
    Missing(String),
    /// The disk is full.
    #[error("the folder of the blobs has no room left")]
    Full(#[source] io::Error),
    /// The folder cannot be read or written.
    #[error("the folder of the blobs cannot be used")]
    Folder(#[source] io::Error),
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] KeyringError),
    /// It does not open.
    #[error("the blob {name} does not open")]
    Open {
        /// Name of the blob.
        name: String,
        /// Why.
        #[source]
        source: OpenError,
    },
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Folder(error),
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        let problem = match &error {
            BlobError::Full(_) => {
                Self::new(Code::StorageFull).with_detail("the disk of the pictures is full")
            }
            BlobError::Folder(_) => Self::new(Code::Unavailable)
                .with_detail("the folder of the pictures cannot be used")
                .with_retry_after(Duration::from_secs(5)),
            BlobError::Missing(_) | BlobError::Seal(_) | BlobError::Open { .. } => Self::new(Code::Internal),
        };
        problem.with_cause(error)
    }
}

impl BlobStore {
    /// Keeps blobs in `folder`, which is made when the first blob is.
    pub const fn new(folder: PathBuf, keyring: Keyring) -> Self {
        Self { folder, keyring, free_bytes_min: 0 }
    }

    /// The same blobs, but none is kept after which the disk would have less than so many bytes free: what has to be
    /// written to make room again, as a deletion is, finds some.
    #[must_use]
    pub fn leaving_free(self, free_bytes_min: u64) -> Self {
        Self { free_bytes_min, ..self }
    }

    /// Keeps `plain` under `name` (letters, digits, `_` and `-`), durably before it returns.
    pub async fn put(&self, name: &str, plain: impl AsRef<[u8]> + Send + 'static) -> Result<(), BlobError> {
        let (keyring, context) = (self.keyring.clone(), name.to_owned());
        self.put_sealed(name, move || Ok(keyring.seal(&context, plain.as_ref())?)).await
    }

    /// Gives back what was kept under `name`.
    pub async fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let (keyring, context) = (self.keyring.clone(), name.to_owned());
        self.get_opened(name, move |sealed| keyring.open(&context, sealed)).await
    }

    /// Keeps what `seal` makes. It runs where a large picture holds nobody up.
    pub(crate) async fn put_sealed(
        &self,
        name: &str,
        seal: impl FnOnce() -> Result<Vec<u8>, BlobError> + Send + 'static,
    ) -> Result<(), BlobError> {
        let (path, free_bytes_min) = (self.path(name)?, self.free_bytes_min);
        run_blocking(move || {
            let sealed = seal()?;
            if let Some(folder) = path.parent() {
                durable::create_folder(folder)?;
                require_room(folder, free_bytes_min.saturating_add(sealed.len() as u64))?;
            }
            Ok(durable::replace(&path, &sealed)?)
        })
        .await
    }

    /// Gives back what `open` makes of the file. It runs where a large picture holds nobody up.
    pub(crate) async fn get_opened(
        &self,
        name: &str,
        open: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, OpenError> + Send + 'static,
    ) -> Result<Vec<u8>, BlobError> {
        let (path, name) = (self.path(name)?, name.to_owned());
        run_blocking(move || match read(&path)? {
            Some(sealed) => open(sealed).map_err(|source| BlobError::Open { name, source }),
            None => Err(BlobError::Missing(name)),
        })
        .await
    }

    /// Removes what was kept under `name`; nothing kept is fine too.
    pub async fn delete(&self, name: &str) -> Result<(), BlobError> {
        let path = self.path(name)?;
        run_blocking(move || Ok(remove(&path)?)).await
    }

    /// Names of what was kept before `time`, as the folder's own clock saw it.
    pub async fn list_before(&self, time: Timestamp) -> Result<Vec<String>, BlobError> {
        let folder = self.folder.clone();
        run_blocking(move || Ok(list_before(&folder, time)?)).await
    }

    /// Spreads the blobs over 1,024 folders by the end of their names, the random part of an id.
    fn path(&self, name: &str) -> Result<PathBuf, BlobError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.len() < 2 || !name.bytes().all(is_plain) {
            return Err(BlobError::Missing(name.to_owned()));
        }
        Ok(self.folder.join(&name[name.len() - 2..]).join(name))
    }
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| BlobError::Folder(io::Error::other(error)))?
}
