//! New passwords of users who have one: what they must be, and what ends with the old one (A1).

use secrecy::SecretString;

use prosopa_jobs::{JobContext, NewJob, Outcome};
use prosopa_model::{Principal, SessionId, UserId};
use prosopa_problem::FieldError;

use crate::{
    email::Email,
    error::Error,
    mails,
    passwords::{Password, Room},
    sessions,
    state::State,
    store::{Lock, Write, users::User},
    user_name::UserName,
    users,
};

/// The kind of the job that tells a user of the change.
pub(crate) const TELL_PASSWORD_CHANGED: &str = "tell-password-changed";

/// Changes the password of the caller, who is signed in and knows the present one. The caller's other sessions end.
pub(crate) async fn change(
    state: &State,
    caller: &Principal,
    present: &SecretString,
    new: &SecretString,
) -> Result<(), Error> {
    let session_id = sessions::own::current(caller).ok_or(Error::KeyChangesPassword)?;
    let user = users::find_caller(state, caller).await?;
    let new = acceptable(new)?;
    refuse_repeating(&new, &user)?;
    let present = users::check_password(state, user.id, present).await?;
    let hash = state.passwords.hash(&new, Room::Login).await?;
    let mut write = state.store.begin_holding(&[Lock::User(user.id)]).await?;
    present.refuse_outdated(&mut write).await?;
    replace(state, &mut write, user.id, &hash, Some(session_id)).await?;
    write.commit().await?;
    tracing::info!(user_id = %user.id, "password changed");
    Ok(())
}

/// What somebody wants as a new password, or what is wrong with it.
pub(crate) fn acceptable(text: &SecretString) -> Result<Password, Error> {
    Password::chosen(text).map_err(unacceptable)
}

/// Refuses a password that everybody can see.
pub(crate) fn refuse_repeating(password: &Password, user: &User) -> Result<(), Error> {
    match (UserName::parse(&user.user_name), Email::parse_any(&user.email)) {
        (Ok(user_name), Ok(email)) if password.repeats(&user_name, &email) => {
            Err(unacceptable("must not repeat the user name or the e-mail address"))
        }
        _ => Ok(()),
    }
}

fn unacceptable(why: &str) -> Error {
    Error::Invalid(vec![FieldError { pointer: "/new_password".to_owned(), detail: why.to_owned() }])
}

/// Replaces the password of a user whose lock is held, ends the sessions but the one that is kept, uses up the tokens
/// that another password could be set with, and has the user told.
pub(crate) async fn replace(
    state: &State,
    write: &mut Write,
    user_id: UserId,
    hash: &str,
    kept: Option<SessionId>,
) -> Result<(), Error> {
    write.set_password_hash(user_id, hash).await?;
    match kept {
        Some(kept) => {
            write.delete_other_sessions(user_id, kept).await?;
        }
        None => write.delete_sessions_of(user_id).await?,
    }
    write.use_password_resets_of(user_id, state.clock.now()).await?;
    if state.mailer.is_some() {
        let job = NewJob::new(TELL_PASSWORD_CHANGED, user_id.uuid().as_bytes().to_vec());
        state.jobs.enqueue(write.tx(), job).await?;
    }
    Ok(())
}

/// Tells a user that the password was changed; nobody if the user is gone.
pub(crate) async fn tell(state: &State, ctx: &JobContext) -> Result<Outcome, Error> {
    let id = uuid::Uuid::from_slice(ctx.input()).map_err(|_| Error::NotFound)?;
    match state.store.find_user(UserId::from_uuid(id)).await? {
        Some(user) => mails::send_changed(state, ctx, user).await,
        None => Ok(Outcome::Completed(None)),
    }
}
