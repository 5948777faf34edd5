//! Whoever knows accounts, as a test wants it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;

use prosopa_contract::accounts::{Accounts, AccountsError};
use prosopa_model::{AccountId, UserId};

/// Lets every user act but those of accounts that were barred.
#[derive(Debug, Default)]
pub struct ScriptedAccounts {
    barred: Mutex<HashSet<AccountId>>,
}

impl ScriptedAccounts {
    /// Nobody acts for this account any more.
    pub fn bar(&self, account_id: AccountId) {
        self.barred.lock().unwrap_or_else(PoisonError::into_inner).insert(account_id);
    }
}

#[async_trait]
impl Accounts for ScriptedAccounts {
    async fn may_act(&self, account_id: AccountId, _user_id: UserId) -> Result<bool, AccountsError> {
        Ok(!self.barred.lock().unwrap_or_else(PoisonError::into_inner).contains(&account_id))
    }
}
