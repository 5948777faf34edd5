//! The access key of a bucket where it lies in files, read anew when one of them has changed.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use object_store::{CredentialProvider, aws::AwsCredential};
use secrecy::{ExposeSecret, SecretString};

use crate::blobs::config::{BlobsConfigError, S3Config};

/// Gives the client, for each request, what the files hold then.
///
/// Files that cannot be read, or are empty, change nothing: the key that was read last goes on, as long as its server
/// takes it.
pub(super) struct FileCredentials {
    config: S3Config,
    known: Mutex<Known>,
}

/// What was read last, and what the files looked like before it.
struct Known {
    stamps: [Option<Stamp>; 2],
    credential: Arc<AwsCredential>,
}

/// By what a change of a file is seen, also one that was put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed_ns: i128,
}

impl FileCredentials {
    /// What the configuration's files hold now; none where it has no access key, or has both halves in itself.
    pub(super) fn open(config: &S3Config) -> Result<Option<Self>, BlobsConfigError> {
        if config.access_key_id_file.is_none() && config.secret_access_key_file.is_none() {
            return Ok(None);
        }
        let stamps = stamps_of(config);
        let Some((id, secret)) = config.access_key()? else { return Ok(None) };
        let known = Mutex::new(Known { stamps, credential: credential_of(&id, &secret) });
        Ok(Some(Self { config: config.clone(), known }))
    }

    fn current(&self) -> Arc<AwsCredential> {
        // Two questions to the file system for each request to a server, and those that ask have no other to wait for.
        let stamps = stamps_of(&self.config);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.stamps != stamps {
            known.stamps = stamps;
            match self.config.access_key() {
                Ok(Some((id, secret)))
                    if !id.expose_secret().is_empty() && !secret.expose_secret().is_empty() =>
                {
                    known.credential = credential_of(&id, &secret);
                    tracing::info!("the access key of the bucket is read anew");
                }
                Ok(_) => tracing::warn!("a file of the bucket's access key is empty: the old key goes on"),
                Err(error) => tracing::warn!(%error, "the old access key of the bucket goes on"),
            }
        }
        Arc::clone(&known.credential)
    }
}

#[async_trait]
impl CredentialProvider for FileCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        Ok(self.current())
    }
}

/// Without the key.
impl fmt::Debug for FileCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FileCredentials")
    }
}

fn credential_of(id: &SecretString, secret: &SecretString) -> Arc<AwsCredential> {
    let (key_id, secret_key) = (id.expose_secret().to_owned(), secret.expose_secret().to_owned());
    Arc::new(AwsCredential { key_id, secret_key, token: None })
}

fn stamps_of(config: &S3Config) -> [Option<Stamp>; 2] {
    [&config.access_key_id_file, &config.secret_access_key_file].map(|path| stamp_of(path.as_ref()?))
}

/// None where there is no such file now.
fn stamp_of(path: &PathBuf) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        changed_ns: i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()),
    })
}
