//! The password of a caller who is signed in, asked again before what a stolen session must not do.

use secrecy::SecretString;

use prosopa_model::UserId;

use crate::{
    error::Error,
    guesses::{self, Guess},
    passwords::Password,
    state::State,
    store::{Write, users::Status},
};

/// A password that was right when it was checked.
pub(crate) struct CheckedPassword {
    user_id: UserId,
    hash: String,
    pub(crate) password: Password,
}

/// Checks the password of an active user. It may be guessed no more often than at login.
pub(crate) async fn check_password(
    state: &State,
    user_id: UserId,
    typed: &SecretString,
) -> Result<CheckedPassword, Error> {
    let counted = [Guess::at(state, "user_id", &user_id.to_string())];
    guesses::attempt(state, &counted, try_check(state, user_id, typed)).await
}

async fn try_check(state: &State, user_id: UserId, typed: &SecretString) -> Result<CheckedPassword, Error> {
    let password = Password::typed(typed).ok_or(Error::InvalidCredentials)?;
    let known = state.store.find_credentials(user_id).await?;
    let known = known.filter(|known| known.status == Status::Active).ok_or(Error::UnknownCaller)?;
    if !state.passwords.check(&password, Some(&known.password_hash)).await?.is_right {
        return Err(Error::InvalidCredentials);
    }
    Ok(CheckedPassword { user_id, hash: known.password_hash, password })
}

impl CheckedPassword {
    /// Fails if the password was changed, or the user deactivated, since the check. The write holds the user's lock.
    pub(crate) async fn refuse_outdated(&self, write: &mut Write) -> Result<(), Error> {
        let known = write.find_credentials(self.user_id).await?;
        let known = known.filter(|known| known.status == Status::Active).ok_or(Error::UnknownCaller)?;
        if known.password_hash == self.hash { Ok(()) } else { Err(Error::InvalidCredentials) }
    }
}
