//! What a job is told of its mail: sealed, since it says who is written to and holds a secret.
//!
//! Stored form: the mail's id, 16 bytes, then JSON sealed by the keyring for that id.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use prosopa_contract::mailer::{Mail, MailPurpose};
use prosopa_model::Timestamp;
use prosopa_vault::{Keyring, KeyringError, OpenError};

const ID_LEN: usize = 16;

#[derive(Serialize, Deserialize)]
struct Order {
    to: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
enum Content {
    PasswordReset { token: String, expires_at: Timestamp },
    PasswordChanged,
    SecretLeaked { id: String, name: String },
    EmailVerification { token: String, expires_at: Timestamp },
}

/// A job's input cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    /// It does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] KeyringError),
    /// It is not what was written here.
    #[error("the order of a mail cannot be read")]
    Form,
}

/// The input of the job that sends a mail.
pub(crate) fn seal(keyring: &Keyring, mail: &Mail) -> Result<Vec<u8>, OrderError> {
    let shown = |token: &SecretString| token.expose_secret().to_owned();
    let content = match &mail.purpose {
        MailPurpose::PasswordReset { token, expires_at } => {
            Content::PasswordReset { token: shown(token), expires_at: *expires_at }
        }
        MailPurpose::PasswordChanged => Content::PasswordChanged,
        MailPurpose::SecretLeaked { id, name } => {
            Content::SecretLeaked { id: id.clone(), name: name.clone() }
        }
        MailPurpose::EmailVerification { token, expires_at } => {
            Content::EmailVerification { token: shown(token), expires_at: *expires_at }
        }
    };
    let order = Order { to: mail.to.clone(), content };
    let plain = serde_json::to_vec(&order).map_err(|_| OrderError::Form)?;
    let mut input = mail.id.as_bytes().to_vec();
    input.extend(keyring.seal(&context(mail.id), &plain)?);
    Ok(input)
}

/// The mail that a job is to send.
pub(crate) fn open(keyring: &Keyring, input: &[u8]) -> Result<Mail, OrderError> {
    let (id, sealed) = input.split_at_checked(ID_LEN).ok_or(OrderError::Form)?;
    let id = Uuid::from_slice(id).map_err(|_| OrderError::Form)?;
    let plain = keyring.open(&context(id), sealed.to_vec())?;
    let Order { to, content } = serde_json::from_slice(&plain).map_err(|_| OrderError::Form)?;
    let purpose = match content {
        Content::PasswordReset { token, expires_at } => {
            MailPurpose::PasswordReset { token: token.into(), expires_at }
        }
        Content::PasswordChanged => MailPurpose::PasswordChanged,
        Content::SecretLeaked { id, name } => MailPurpose::SecretLeaked { id, name },
        Content::EmailVerification { token, expires_at } => {
            MailPurpose::EmailVerification { token: token.into(), expires_at }
        }
    };
    Ok(Mail { id, to, purpose })
}

/// What the keyring binds a sealed order to.
fn context(id: Uuid) -> String {
    format!("notifications/mail/{id}")
}
