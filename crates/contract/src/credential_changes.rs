//! The contract that lets answers about credentials be kept for a while: it tells what is to be forgotten of them.
//!
//! It is asked again and again, and an answer speaks of the time at which it was asked for: whoever counts from there never
//! takes a message that was delayed on its way for news.

mod grpc;

use async_trait::async_trait;
use uuid::Uuid;

pub use self::grpc::{CredentialChangesClient, serve_credential_changes};

/// Tells what has ended or changed. Implemented by the auth service.
#[async_trait]
pub trait CredentialChanges: Send + Sync + 'static {
    /// What was committed behind `position`, in whichever process, up to the moment of this call at least.
    ///
    /// `None`: the caller knows nothing yet.
    async fn changes_since(&self, position: Option<i64>) -> Result<Changes, ChangesError>;
}

/// Changes up to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// What to ask with the next time.
    pub position: i64,
    /// What has changed.
    pub subjects: Subjects,
}

/// Of what nothing holds that was answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subjects {
    /// Of anything: the changes are too many, or no longer known.
    Everything,
    /// Of these users, sessions, API keys and API clients.
    Listed(Vec<Uuid>),
}

/// Whether something has changed cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("changes of credentials cannot be read: {detail}")]
pub struct ChangesError {
    /// Cause, for the log.
    pub detail: String,
}
