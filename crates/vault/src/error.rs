//! What the vault refuses.

use prosopa_model::SubjectId;
use prosopa_problem::{Code, Problem};

use crate::{BlobError, KeyringError, OpenError};

/// Something cannot be sealed, opened or erased.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The subject was erased: nothing of it opens any more, nothing new is sealed for it.
    #[error("{0} was erased")]
    Erased(SubjectId),
    /// There is no such subject, or it is another account's.
    #[error("there is no subject {0}")]
    NoSubject(SubjectId),
    /// The account's own name for a subject is not acceptable. It is not repeated: it may be a person's.
    #[error("a reference has 1 to {REFERENCE_CHARS_MAX} characters and no control characters")]
    Reference,
    /// A sealed value does not open.
    #[error("a value sealed for {subject} does not open")]
    Open {
        /// Whose it is said to be.
        subject: SubjectId,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// A stored key does not open.
    #[error("the stored key of {owner} does not open")]
    Key {
        /// A subject, or the look-up.
        owner: String,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The keyring cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A blob cannot be kept or given back.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database of the keys failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
    /// The program ended work that was under way.
    #[error("work on a key was ended")]
    Ended(#[source] tokio::task::JoinError),
}

/// Longest reference, characters.
pub(crate) const REFERENCE_CHARS_MAX: usize = 200;

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        let problem = match error {
            VaultError::Blob(error) => return error.into(),
            VaultError::Store(error) => return error.into(),
            // Which of the two is nobody's business: what is erased answers like what never was.
            VaultError::Erased(_) | VaultError::NoSubject(_) => Self::new(Code::NotFound),
            VaultError::Reference => Self::new(Code::ValidationFailed).with_detail(error.to_string()),
            VaultError::Open { .. }
            | VaultError::Key { .. }
            | VaultError::Keyring(_)
            | VaultError::Ended(_) => Self::new(Code::Internal),
        };
        problem.with_cause(error)
    }
}
