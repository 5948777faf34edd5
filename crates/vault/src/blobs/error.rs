//! Why a blob cannot be kept or given back, and how callers see it.

use std::{error::Error, io, time::Duration};

use prosopa_problem::{Code, Problem};

use crate::{KeyringError, OpenError};

/// When a caller may try again that was refused for a reason that passes.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A blob cannot be kept or given back.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is none of that name.
    #[error("there is no blob {0}")]
    Missing(String),
    /// There is one of that name already, which stays as it is.
    #[error("there is a blob {0} already")]
    Taken(String),
    /// There is no room: the disk is full, or the bucket's quota is used up.
    #[error("there is no room left for blobs")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The folder cannot be read or written.
    #[error("the folder of the blobs cannot be used")]
    Folder(#[source] io::Error),
    /// The S3 server cannot be reached, is overloaded or does not answer in time. A blob that was to be kept may be there.
    #[error("the bucket of the blobs cannot be used at the moment: {0}")]
    Unavailable(Box<str>),
    /// The S3 server refuses what is asked: wrong credentials, missing rights, no such bucket. An operator must mend it.
    #[error("the bucket of the blobs refuses: {0}")]
    Refused(Box<str>),
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
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error.into()),
            _ => Self::Folder(error),
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        let unavailable = |detail: &'static str| {
            Self::new(Code::Unavailable).with_detail(detail).with_retry_after(RETRY_AFTER)
        };
        let problem = match &error {
            BlobError::Full(_) => {
                Self::new(Code::StorageFull).with_detail("there is no room for more pictures")
            }
            BlobError::Folder(_) => unavailable("the folder of the pictures cannot be used"),
            BlobError::Unavailable(_) | BlobError::Refused(_) => {
                unavailable("the store of the pictures cannot be used")
            }
            BlobError::Missing(_) | BlobError::Taken(_) | BlobError::Seal(_) | BlobError::Open { .. } => {
                Self::new(Code::Internal)
            }
        };
        problem.with_cause(error)
    }
}
