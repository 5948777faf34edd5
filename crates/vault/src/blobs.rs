//! Sealed blobs, in a folder or in a bucket of an S3 server.
//!
//! Here they are sealed and opened; where they lie knows ciphertext only. A blob is written once: no name is ever written
//! again, so that nothing that was answered for can be lost to a second writer.

mod bucket;
mod config;
mod error;
mod folder;

use std::path::PathBuf;

use prosopa_model::Timestamp;

use self::folder::{Files, Folder};
pub use self::{
    bucket::Bucket,
    config::{BlobStoreKind, BlobsConfig, BlobsConfigError, S3Config},
    error::BlobError,
};
use crate::{Keyring, OpenError};

/// Keeps blobs by name, each sealed for its name. Cheap to clone.
///
/// What belongs to a subject is kept through [`Vault::put_blob`](crate::Vault::put_blob) instead, which uses the same
/// place and seals under the subject's key.
#[derive(Clone)]
pub struct BlobStore {
    place: Place,
    keyring: Keyring,
}

#[derive(Clone)]
enum Place {
    Folder(Folder),
    Bucket(Bucket),
}

impl BlobsConfig {
    /// The bucket; none where blobs are kept in a folder.
    pub fn open(&self) -> Result<Option<Bucket>, BlobsConfigError> {
        match self.store {
            BlobStoreKind::Folder => Ok(None),
            BlobStoreKind::S3 => Bucket::open(&self.s3).map(Some),
        }
    }
}

impl BlobStore {
    /// Keeps blobs in `folder`, which is made when the first blob is.
    pub const fn new(folder: PathBuf, keyring: Keyring) -> Self {
        Self { place: Place::Folder(Folder::new(folder)), keyring }
    }

    /// Keeps blobs in a bucket.
    pub const fn in_bucket(bucket: Bucket, keyring: Keyring) -> Self {
        Self { place: Place::Bucket(bucket), keyring }
    }

    /// The same blobs, but none is kept in a folder after which its disk would have less than so many bytes free: what has
    /// to be written to make room again, as a deletion is, finds some. A bucket has no such bound.
    #[must_use]
    pub fn leaving_free(mut self, free_bytes_min: u64) -> Self {
        if let Place::Folder(folder) = &mut self.place {
            folder.free_bytes_min = free_bytes_min;
        }
        self
    }

    /// Keeps `plain` under `name` (2 or more letters, digits, `_` and `-`), durably before it returns.
    ///
    /// # Errors
    /// [`BlobError::Taken`] where there is a blob of that name.
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
        check_name(name)?;
        match &self.place {
            Place::Folder(folder) => folder.put(name, seal).await,
            Place::Bucket(bucket) => bucket.put(name, seal).await,
        }
    }

    /// Gives back what `open` makes of the blob. It runs where a large picture holds nobody up.
    pub(crate) async fn get_opened(
        &self,
        name: &str,
        open: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, OpenError> + Send + 'static,
    ) -> Result<Vec<u8>, BlobError> {
        check_name(name)?;
        let named = name.to_owned();
        let open = move |sealed| open(sealed).map_err(|source| BlobError::Open { name: named, source });
        let opened = match &self.place {
            Place::Folder(folder) => folder.get(name, open).await,
            Place::Bucket(bucket) => bucket.get(name, open).await,
        };
        opened?.ok_or_else(|| BlobError::Missing(name.to_owned()))
    }

    /// Removes what was kept under `name`; nothing kept is fine too.
    pub async fn delete(&self, name: &str) -> Result<(), BlobError> {
        check_name(name)?;
        match &self.place {
            Place::Folder(folder) => folder.delete(name).await,
            Place::Bucket(bucket) => bucket.delete(name).await,
        }
    }

    /// Names of what was kept before `time`, as the clock of the disk or of the S3 server saw it, in no order.
    ///
    /// They are read as they are asked for: of a folder those of one of its 1,024 parts at a time, of a bucket a page.
    pub fn list_before(&self, time: Timestamp) -> BlobNames {
        BlobNames(match &self.place {
            Place::Folder(folder) => Names::Folder(folder.files_before(time)),
            Place::Bucket(bucket) => Names::Bucket(bucket.objects_before(time)),
        })
    }

    /// Whether blobs could be kept and given back now.
    ///
    /// # Errors
    /// [`BlobError::Refused`] where only an operator can mend it.
    pub async fn check(&self) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(folder) => folder.check().await,
            Place::Bucket(bucket) => bucket.check().await,
        }
    }
}

/// Names of blobs, one after the other.
pub struct BlobNames(Names);

enum Names {
    Folder(Files),
    Bucket(bucket::Objects),
}

impl BlobNames {
    /// The next name; none at the end.
    ///
    /// # Errors
    /// The place cannot be read any further: begin again, later.
    pub async fn next(&mut self) -> Result<Option<String>, BlobError> {
        match &mut self.0 {
            Names::Folder(files) => files.next().await,
            Names::Bucket(objects) => objects.next().await,
        }
    }
}

/// What is no name can be no blob's, and leads nowhere else.
fn check_name(name: &str) -> Result<(), BlobError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.len() < 2 || !name.bytes().all(is_plain) {
        return Err(BlobError::Missing(name.to_owned()));
    }
    Ok(())
}
