//! The contract of whoever writes to people: what is accepted is sent, also after a crash.

mod grpc;

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;
use uuid::Uuid;

use prosopa_model::Timestamp;

pub use self::grpc::{MailerClient, serve_mailer};

/// Sends mail. Implemented by the notifications service.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Accepts a mail: once this returns, it lies on the disk and is sent as soon as the mail server takes it.
    ///
    /// A mail whose id is known already is not sent again, whatever it says; ids are known for a week after the mail's
    /// end.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
}

/// A mail to one person. What it says is made from its purpose.
#[derive(Clone)]
pub struct Mail {
    /// Tells it from others; whoever asks twice for the same mail names the same id.
    pub id: Uuid,
    /// The address alone, such as `ada@example.org`, at most 254 bytes.
    pub to: String,
    /// What it is for.
    pub purpose: MailPurpose,
}

/// Without the address and whatever the purpose holds.
impl fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Mail");
        shown.field("id", &self.id).field("purpose", &self.purpose.as_str()).finish_non_exhaustive()
    }
}

/// What a mail is for, and what only its reader may know.
///
/// A token is 1 to 256 letters, digits and `-._~`, which mean themselves in an address (RFC 3986, section 2.3).
#[derive(Debug, Clone)]
pub enum MailPurpose {
    /// A new password may be set with the token.
    PasswordReset {
        /// Whoever shows it may set a new password.
        token: SecretString,
        /// When it is worth nothing any more; the mail is not sent later.
        expires_at: Timestamp,
    },
    /// The password was changed.
    PasswordChanged,
    /// The secret of a key of the reader's was found where others can read it; the key is revoked.
    SecretLeaked {
        /// The key's id, such as `key_01h455vb4pex5vsknk084sn02q`.
        id: String,
        /// What its user calls it: up to 100 characters, none of control.
        name: String,
    },
    /// The address is to be confirmed with the token.
    EmailVerification {
        /// Whoever shows it has read mail to this address.
        token: SecretString,
        /// When it is worth nothing any more; the mail is not sent later.
        expires_at: Timestamp,
    },
}

impl MailPurpose {
    /// Its name in lower case, also in metrics and in the log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::SecretLeaked { .. } => "secret_leaked",
            Self::EmailVerification { .. } => "email_verification",
        }
    }
}

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Nobody can be written to there; it will not be accepted later either.
    #[error("the address is not one that mail can be sent to")]
    Address,
    /// The token is no token; it will not be accepted later either.
    #[error("the token is empty, too long or has other characters than a token's")]
    Token,
    /// Too many mails wait to be sent.
    #[error("too many mails wait to be sent")]
    Full,
    /// It cannot be kept now.
    #[error("mail cannot be accepted: {detail}")]
    Unavailable {
        /// Cause, for the log.
        detail: String,
    },
}
