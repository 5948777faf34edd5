//! What is handed on to be delivered, and why it did not leave.

use lettre::Message;
use uuid::Uuid;

use prosopa_model::Timestamp;

/// A message and by what it is known here.
pub(crate) struct Parcel<'a> {
    pub(crate) id: Uuid,
    pub(crate) purpose: &'static str,
    pub(crate) accepted_at: Timestamp,
    pub(crate) message: &'a Message,
}

/// What an attempt came to. The reasons hold no address and nothing of the mail, so that they may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// It may leave later.
    #[error("{0}")]
    Deferred(String),
    /// It will never leave.
    #[error("{0}")]
    Refused(String),
}
