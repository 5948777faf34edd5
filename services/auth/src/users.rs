//! Users: who they are.

use prosopa_model::Principal;

use crate::{error::Error, state::State, store::users::User};

/// The caller's own user.
pub(crate) async fn find_caller(state: &State, caller: &Principal) -> Result<User, Error> {
    state.store.find_user(caller.user_id).await?.ok_or(Error::UnknownCaller)
}
