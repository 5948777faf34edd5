//! The contract of whoever knows credentials: text in, principal out.

mod grpc;

use async_trait::async_trait;
use secrecy::SecretString;

use prosopa_model::{Principal, Timestamp};

pub use self::grpc::{VerifierClient, serve_verifier};

/// Tells who stands behind a credential. Implemented by the auth service.
#[async_trait]
pub trait Verifier: Send + Sync + 'static {
    /// Checks an access token or an API key as it came with a request.
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError>;

    /// The same, with the time until which the answer may be kept by whoever hears of
    /// [changes](crate::credential_changes::CredentialChanges). Who does not know it says that there is none.
    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        Ok(Verified { principal: self.verify(credential).await?, valid_until: None })
    }

    /// The same for a certificate that the handshake of TLS has verified, by the SHA-256 of its DER form.
    ///
    /// One that knows no certificates, which is so unless it says otherwise, is as good as unreachable.
    async fn examine_certificate(&self, _fingerprint: [u8; 32]) -> Result<Verified, VerifyError> {
        Err(VerifyError::Unavailable { detail: "this verifier knows no certificates".to_owned() })
    }

    /// Checks the cookie of a browser's session as it came with a request.
    ///
    /// One that knows no cookies, which is so unless it says otherwise, is as good as unreachable.
    async fn verify_cookie(&self, _cookie: PresentedCookie) -> Result<Principal, CookieError> {
        Err(CookieError::Unavailable { detail: "this verifier knows no cookies".to_owned() })
    }

    /// Whether the caller of an earlier request may go on: the user is active, and the session, the API key or the API
    /// client that the principal came by has not ended.
    ///
    /// For what outlives its request, such as a socket. Asked every time: no answer is kept. A secret that was replaced does
    /// not end what its key or client has begun.
    ///
    /// # Errors
    /// Nobody knows: [`VerifyError::Unavailable`].
    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError>;
}

/// A genuine credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who stands behind it.
    pub principal: Principal,
    /// When it ends by itself at the latest, [`Timestamp::MAX`] if never. None: the answer must not be kept.
    pub valid_until: Option<Timestamp>,
}

/// A session cookie, whose request comes from a page of this site as far as the browser says. Its debug form shows no
/// secret.
#[derive(Debug, Clone)]
pub struct PresentedCookie {
    /// The cookie's value.
    pub secret: SecretString,
    /// What it is to allow.
    pub wish: CookieWish,
}

/// What a cookie is to allow.
#[derive(Debug, Clone)]
pub enum CookieWish {
    /// To look at something.
    Read,
    /// To change something, which takes the token that only the site's own pages can know.
    Change {
        /// The token that came with the request.
        csrf_token: SecretString,
    },
}

/// Why a cookie gives no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    /// Unknown, ended, expired, or of somebody who may not act: not told apart.
    #[error("the cookie is not valid")]
    Invalid,
    /// The cookie is good, and the token is not that of its session.
    #[error("the CSRF token is not that of the session")]
    Forged,
    /// The check itself failed.
    #[error("cookies cannot be checked: {detail}")]
    Unavailable {
        /// Cause, for the log.
        detail: String,
    },
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
