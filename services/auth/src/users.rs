//! Users: who they are (R3, R4), and what an administrator decides about them (R5, R6).
//!
//! There is always an administrator who may act: whoever could leave none holds a lock, so that of several who try at
//! once the last one is refused.

mod administration;
mod own;
mod password_check;

use prosopa_model::{Principal, Role, UserId};

use crate::{
    error::Error,
    state::State,
    store::{
        Write,
        users::{Status, User},
    },
};

pub(crate) use self::{
    administration::{Decision, change, find, list},
    own::{Change, change_own, delete_own},
    password_check::check_password,
};

/// The caller's own user.
pub(crate) async fn find_caller(state: &State, caller: &Principal) -> Result<User, Error> {
    state.store.find_user(caller.user_id).await?.ok_or(Error::UnknownCaller)
}

fn is_active_administrator(user: &User) -> bool {
    user.role == Role::Administrator && user.status == Status::Active
}

/// Fails if nobody but this user may act as an administrator. The write holds [`Lock::Administrator`](crate::store::Lock::Administrator).
async fn refuse_last_administrator(write: &mut Write, user_id: UserId) -> Result<(), Error> {
    if write.has_other_active_administrator(user_id).await? { Ok(()) } else { Err(Error::LastAdministrator) }
}
