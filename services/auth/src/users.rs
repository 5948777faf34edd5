//! Users: who they are and whether they may act.

use std::str::FromStr;

use prosopa_model::{AccountId, Principal, Role, Timestamp, UserId};
use prosopa_store::{Column, ColumnError, row};

use crate::{error::Error, state::State};

row! {
    /// A person who signs in.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct User {
        pub(crate) id: UserId,
        pub(crate) account_id: AccountId,
        /// As it was typed at registration.
        pub(crate) user_name: String,
        pub(crate) email: String,
        pub(crate) role: Role,
        pub(crate) status: Status,
        /// Metered requests a day that were asked for; none: those of the plan.
        pub(crate) requests_per_day_max: Option<u64>,
        pub(crate) created_at: Timestamp,
    }
}

/// Whether a user may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Yes.
    Active,
    /// No: neither log in nor use a session or key.
    Deactivated,
}

impl Status {
    /// Stored and spoken form.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }
}

impl FromStr for Status {
    type Err = prosopa_model::principal::UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Active, Self::Deactivated].into_iter().find(|status| status.as_str() == text);
        known.ok_or(prosopa_model::principal::UnknownName)
    }
}

impl Column for Status {
    type Stored = String;

    fn from_stored(stored: String) -> Result<Self, ColumnError> {
        stored.parse().map_err(|_| ColumnError(stored))
    }
}

/// The caller's own user.
pub(crate) async fn find_caller(state: &State, caller: &Principal) -> Result<User, Error> {
    state.store.find_user(caller.user_id).await?.ok_or(Error::UnknownCaller)
}
