//! Who may still act: this service's side of the accounts contract.

use async_trait::async_trait;

use prosopa_contract::accounts::{Accounts, AccountsError};
use prosopa_model::{AccountId, UserId};

use crate::store::{Store, users::Status};

/// Answers with one indexed read, so that a deactivation holds from its commit on.
pub(crate) struct StoreAccounts {
    store: Store,
}

impl StoreAccounts {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Accounts for StoreAccounts {
    async fn may_act(&self, account_id: AccountId, user_id: UserId) -> Result<bool, AccountsError> {
        let user = self.store.find_user(user_id).await;
        let user = user.map_err(|error| AccountsError { detail: error.to_string() })?;
        Ok(user.is_some_and(|user| user.account_id == account_id && user.status == Status::Active))
    }
}
