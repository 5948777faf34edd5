//! Why a signature is not accepted.

/// Why a signature is not accepted. For the log: the caller is told no more than that he is not authenticated.
///
/// No variant carries a value of the request; names of components are bounded and plain ASCII.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// `Signature` and `Signature-Input` must come together (RFC 9421 section 4).
    #[error("one of signature and signature-input is missing")]
    Incomplete,
    /// A field is longer than what is read.
    #[error("the field {0} is too long")]
    TooLong(&'static str),
    /// A field is no structured field of its type (RFC 8941).
    #[error("the field {0} is malformed")]
    Malformed(&'static str),
    /// More signatures than are read.
    #[error("too many signatures")]
    TooManySignatures,
    /// A label is there twice, or in one of both fields only.
    #[error("the labels of signature and signature-input are not the same, each once")]
    LabelsDiffer,
    /// Several signatures, of which none or more than one bears our tag.
    #[error("which of the signatures is meant cannot be told")]
    Ambiguous,
    /// More covered components than are read.
    #[error("too many covered components")]
    TooManyComponents,
    /// A signature parameter that is not known, given twice, or of the wrong type.
    #[error("a signature parameter is unknown, repeated or of the wrong type")]
    InvalidParameter,
    /// The parameter `keyid` is missing, empty or too long.
    #[error("the parameter keyid is missing, empty or too long")]
    InvalidKeyId,
    /// A component that does not exist or cannot be covered here, or with parameters that are not known.
    #[error("the component {0:?} cannot be covered")]
    UnsupportedComponent(String),
    /// The same component twice (RFC 9421 section 2.5).
    #[error("the component {0:?} is covered twice")]
    DuplicateComponent(String),
    /// The request has no value for a covered component, or not exactly one.
    #[error("the request has no single value for the component {0:?}")]
    NoSingleValue(String),
    /// The value of a covered field is not ASCII (RFC 9421 section 2.5).
    #[error("the component {0:?} is not ascii")]
    NotAscii(String),
    /// A component that must be covered is not.
    #[error("the component {0:?} is not covered")]
    NotCovered(&'static str),
    /// The parameter `created` is missing.
    #[error("the parameter created is missing")]
    CreatedMissing,
    /// The parameter `expires` is missing.
    #[error("the parameter expires is missing")]
    ExpiresMissing,
    /// Made in the future, by more than clocks may differ.
    #[error("the signature was created in the future")]
    CreatedInFuture,
    /// Not to expire within the time allowed after it was made, or before it was made.
    #[error("the time between created and expires is not allowed")]
    InvalidLife,
    /// Too old.
    #[error("the signature has expired")]
    Expired,
    /// The parameter `nonce` is missing, too short, too long or not base64.
    #[error("the nonce is missing or not 16 to 64 characters of base64")]
    InvalidNonce,
    /// Made for another application (RFC 9421 section 7.2.7).
    #[error("the signature is tagged for another application")]
    ForeignTag,
    /// `Content-Digest` is covered and names no digest with sha-256.
    #[error("content-digest has no sha-256")]
    DigestMissing,
    /// The parameter `alg` is not the algorithm of the key.
    #[error("the algorithm is not that of the key")]
    AlgorithmMismatch,
    /// The signature is not that of this request by this key.
    #[error("the signature does not match")]
    Mismatch,
}
