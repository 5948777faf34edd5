//! What users do with their own data: change and delete it (R4).

use secrecy::SecretString;

use prosopa_contract::events::UserDeleted;
use prosopa_model::{Principal, Role};
use prosopa_problem::FieldError;

use super::{
    find_caller, is_active_administrator,
    password_check::{CheckedPassword, check_password},
    refuse_last_administrator,
};
use crate::{
    email::Email,
    error::Error,
    state::State,
    store::{
        Lock,
        users::{Status, User},
    },
    user_name::UserName,
};

/// What a user wants to be otherwise, unchecked.
pub(crate) struct Change {
    pub(crate) user_name: Option<String>,
    pub(crate) email: Option<String>,
    /// Needed for another address: whoever has the address can have the password reset.
    pub(crate) current_password: Option<SecretString>,
}

/// A change whose values are acceptable; what stays is left out.
struct CheckedChange {
    user_name: Option<UserName>,
    email: Option<Email>,
}

/// Changes the caller's user; a change that changes nothing is none.
pub(crate) async fn change_own(state: &State, caller: &Principal, change: Change) -> Result<User, Error> {
    let user = find_caller(state, caller).await?;
    let checked = check(&user, &change).map_err(Error::Invalid)?;
    if checked.user_name.is_none() && checked.email.is_none() {
        return Ok(user);
    }
    if checked.user_name.as_ref().is_some_and(UserName::is_reserved) && user.role != Role::Administrator {
        return Err(Error::UserNameTaken);
    }
    let password = match &change.current_password {
        Some(typed) => Some(check_password(state, user.id, typed).await?),
        None if checked.email.is_some() => {
            return Err(invalid("/current_password", "must be given to change the e-mail address"));
        }
        None => None,
    };
    if let Some(password) = &password {
        refuse_repetition(&user, &checked, password)?;
    }
    let mut write = state.store.begin_holding(&[Lock::User(user.id)]).await?;
    if let Some(password) = &password {
        password.refuse_outdated(&mut write).await?;
    }
    if let Some(user_name) = &checked.user_name {
        write.set_user_name(user.id, user_name).await?;
    }
    if let Some(email) = &checked.email {
        write.set_email(user.id, email).await?;
        // Whoever read the old mailbox must not set a password by what was sent there.
        write.use_password_resets_of(user.id, state.clock.now()).await?;
    }
    let changed = write.find_user(user.id).await?.filter(|user| user.status == Status::Active);
    let changed = changed.ok_or(Error::UnknownCaller)?;
    write.commit().await?;
    tracing::info!(user_id = %user.id, "user changed by itself");
    Ok(changed)
}

/// Checks every value, so that a caller learns of all mistakes at once.
fn check(user: &User, change: &Change) -> Result<CheckedChange, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut note = |pointer: &str, detail: &str| {
        errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
    };
    // What stays may be what could not be chosen today, such as an address of this machine.
    let user_name = change.user_name.as_ref().filter(|name| **name != user.user_name);
    let user_name =
        user_name.and_then(|name| UserName::parse(name).map_err(|why| note("/user_name", why)).ok());
    let email = change.email.as_ref().filter(|email| **email != user.email);
    let email = email.and_then(|email| Email::parse(email).map_err(|why| note("/email", why)).ok());
    if errors.is_empty() { Ok(CheckedChange { user_name, email }) } else { Err(errors) }
}

/// A password must not be what everybody can see, nor become so.
fn refuse_repetition(user: &User, change: &CheckedChange, password: &CheckedPassword) -> Result<(), Error> {
    let (user_name, email) = (UserName::parse(&user.user_name).ok(), Email::parse_any(&user.email).ok());
    let (Some(user_name), Some(email)) =
        (change.user_name.as_ref().or(user_name.as_ref()), change.email.as_ref().or(email.as_ref()))
    else {
        return Ok(());
    };
    if !password.password.repeats(user_name, email) {
        return Ok(());
    }
    let pointer = if change.email.is_some() { "/email" } else { "/user_name" };
    Err(invalid(pointer, "must not be what the password is"))
}

fn invalid(pointer: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }])
}

/// Deletes the caller's user for good: sessions and keys end, name and address are free.
///
/// What other services keep is erased by them, each when it hears of it.
pub(crate) async fn delete_own(state: &State, caller: &Principal, typed: &SecretString) -> Result<(), Error> {
    let password = check_password(state, caller.user_id, typed).await?;
    let locks = [Lock::Administrator, Lock::Account(caller.account_id), Lock::User(caller.user_id)];
    let mut write = state.store.begin_holding(&locks).await?;
    password.refuse_outdated(&mut write).await?;
    let user = write.find_user(caller.user_id).await?.ok_or(Error::UnknownCaller)?;
    if is_active_administrator(&user) {
        refuse_last_administrator(&mut write, user.id).await?;
    }
    write.delete_sessions_of(user.id).await?;
    write.delete_user(user.id).await?;
    let is_account_deleted = write.delete_account_without_users(user.account_id).await?;
    let event = UserDeleted {
        user_id: user.id.to_string(),
        account_id: user.account_id.to_string(),
        is_account_deleted,
    };
    state.outbox.publish(write.tx(), &event).await?;
    write.commit().await?;
    tracing::info!(user_id = %user.id, "user deleted by itself");
    Ok(())
}
