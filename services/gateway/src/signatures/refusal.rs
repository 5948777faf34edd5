//! Why a signed request is refused: for the log and for a metric, never for the caller.

use prosopa_http::signatures::SignatureError;

/// Why a signed request is refused. Holds no value of the request.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum SignatureRefusal {
    /// The signature itself is wrong, covers too little, or is not fresh.
    #[error("the signature is refused: {0}")]
    Signature(#[from] SignatureError),
    /// Neither of the headers is there.
    #[error("there is no signature")]
    NoSignature,
    /// Nobody here knows keys of clients.
    #[error("signatures are not taken here: there is nobody who knows the keys")]
    NoKeys,
    /// No live key of this name.
    #[error("the access key is not known")]
    UnknownKey,
    /// The nonce was used before.
    #[error("the nonce was used before")]
    Replayed,
    /// The content is not the one that was signed.
    #[error("the content is not the one that was signed")]
    FalseContent,
    /// Keys or nonces cannot be read or written; or a key is not what it must be.
    #[error("the signature cannot be checked: {0}")]
    Lost(String),
}

impl SignatureRefusal {
    /// The refusal in metrics: one of few.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::Signature(error) => outcome_of(error),
            Self::NoSignature => "malformed",
            Self::NoKeys => "not_taken",
            Self::UnknownKey => "unknown_key",
            Self::Replayed => "replayed",
            Self::FalseContent => "false_content",
            Self::Lost(_) => "unavailable",
        }
    }
}

const fn outcome_of(error: &SignatureError) -> &'static str {
    match error {
        SignatureError::Incomplete
        | SignatureError::TooLong(_)
        | SignatureError::Malformed(_)
        | SignatureError::TooManySignatures
        | SignatureError::LabelsDiffer
        | SignatureError::Ambiguous
        | SignatureError::TooManyComponents
        | SignatureError::InvalidParameter
        | SignatureError::InvalidKeyId
        | SignatureError::UnsupportedComponent(_)
        | SignatureError::DuplicateComponent(_)
        | SignatureError::NoSingleValue(_)
        | SignatureError::NotAscii(_) => "malformed",
        SignatureError::NotCovered(_)
        | SignatureError::CreatedMissing
        | SignatureError::ExpiresMissing
        | SignatureError::InvalidLife
        | SignatureError::InvalidNonce
        | SignatureError::ForeignTag
        | SignatureError::DigestMissing => "insufficient",
        SignatureError::CreatedInFuture | SignatureError::Expired => "stale",
        SignatureError::AlgorithmMismatch | SignatureError::Mismatch => "mismatch",
    }
}
