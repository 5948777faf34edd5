//! The contract of whoever knows accounts: may a user still act for one?

mod grpc;

use async_trait::async_trait;

use prosopa_model::{AccountId, UserId};

pub use self::grpc::{AccountsClient, serve_accounts};

/// Tells whether what was asked for some time ago may still be done. Implemented by the auth service.
///
/// A request is authorised when it comes; work that is done later, such as a job, asks again when it begins.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Whether the user exists, is active and belongs to the account.
    async fn may_act(&self, account_id: AccountId, user_id: UserId) -> Result<bool, AccountsError>;
}

/// The question cannot be answered now: neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("accounts cannot be checked: {detail}")]
pub struct AccountsError {
    /// Cause, for the log.
    pub detail: String,
}
