//! The contract of whoever knows credentials: text in, principal out.

use async_trait::async_trait;
use secrecy::SecretString;

use prosopa_model::Principal;

/// Tells who stands behind a credential. Implemented by the auth service.
#[async_trait]
pub trait Verifier: Send + Sync + 'static {
    /// Checks an access token or an API key as it came with a request.
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError>;
}

/// Why a credential gives no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Malformed, unknown, tampered with, revoked or meant for others: not told apart.
    #[error("the credential is not valid")]
    Invalid,
    /// A genuine access token that is too old.
    #[error("the access token has expired")]
    Expired,
    /// The check itself failed.
    #[error("credentials cannot be checked: {detail}")]
    Unavailable {
        /// Cause, for the log.
        detail: String,
    },
}
