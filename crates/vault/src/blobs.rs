//! Sealed blobs in a folder.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use prosopa_model::Timestamp;
use prosopa_problem::{Code, Problem};

use crate::{Keyring, KeyringError, OpenError};

/// Keeps blobs by name, each sealed for its name. Cheap to clone.
#[derive(Clone)]
pub struct BlobStore {
    folder: PathBuf,
    keyring: Keyring,
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
        Self { folder, keyring }
    }

    /// Keeps `plain` under `name` (letters, digits, `_` and `-`), durably before it returns.
    pub async fn put(&self, name: &str, plain: impl AsRef<[u8]> + Send + 'static) -> Result<(), BlobError> {
        let (path, keyring, name) = (self.path(name)?, self.keyring.clone(), name.to_owned());
        run_blocking(move || {
            let sealed = keyring.seal(&name, plain.as_ref())?;
            Ok(write_durably(&path, &sealed)?)
        })
        .await
    }

    /// Gives back what was kept under `name`.
    pub async fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let (path, keyring, name) = (self.path(name)?, self.keyring.clone(), name.to_owned());
        run_blocking(move || {
            let sealed = fs::read(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => BlobError::Missing(name.clone()),
                _ => error.into(),
            })?;
            keyring.open(&name, sealed).map_err(|source| BlobError::Open { name, source })
        })
        .await
    }

    /// Removes what was kept under `name`; nothing kept is fine too.
    pub async fn delete(&self, name: &str) -> Result<(), BlobError> {
        let path = self.path(name)?;
        run_blocking(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        })
        .await
    }

    /// Names of what was kept before `time`, as the folder's own clock saw it.
    pub async fn list_before(&self, time: Timestamp) -> Result<Vec<String>, BlobError> {
        let folder = self.folder.clone();
        run_blocking(move || Ok(list_files_before(&folder, time)?)).await
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

fn list_files_before(folder: &Path, time: Timestamp) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // What is removed meanwhile is no concern here.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            names.extend(list_files_before(&entry.path(), time)?);
            continue;
        }
        let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_before = Timestamp::default().after(age) < time;
        if let Some(name) = entry.file_name().to_str().filter(|_| is_before) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| BlobError::Folder(io::Error::other(error)))?
}

/// Writes beside the place, then renames: a crash leaves the whole file or none.
fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    create_durably(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    fs::File::open(folder)?.sync_all()
}

/// Makes a folder and those above it, for the owner only; what is made is entered in its parent durably.
fn create_durably(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    create_durably(parent)?;
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::File::open(parent)?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &Path) -> BlobStore {
        let keyring = Keyring::open_or_create(&folder.join("keyring.json")).unwrap();
        BlobStore::new(folder.join("blobs"), keyring)
    }

    #[tokio::test]
    async fn a_blob_is_given_back_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.put("img_1", b"picture".to_vec()).await.unwrap();
        assert_eq!(store.get("img_1").await.unwrap(), b"picture");
        store.delete("img_1").await.unwrap();
        store.delete("img_1").await.unwrap();
        assert!(matches!(store.get("img_1").await, Err(BlobError::Missing(_))));
    }

    #[tokio::test]
    async fn names_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../keyring.json", "a/b", "", "..", "a\0b"] {
            assert!(store(folder.path()).put(name, vec![1]).await.is_err(), "{name}");
        }
    }

    #[tokio::test]
    async fn a_blob_moved_to_another_name_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.put("img_1aa", b"one".to_vec()).await.unwrap();
        let (from, to) = (store.path("img_1aa").unwrap(), store.path("img_2aa").unwrap());
        fs::copy(from, to).unwrap();
        assert!(matches!(store.get("img_2aa").await, Err(BlobError::Open { .. })));
    }
}
