//! Forgotten passwords: a token by mail, and a new password for the token (A1).
//!
//! Whether an address belongs to a user is told neither by the answer nor by its time: every request is put into the
//! queue, with a token, and its job finds out. Too many requests for one user are dropped there without a word.

mod request;

use std::time::Duration;

use secrecy::SecretString;

use prosopa_jobs::{JobContext, NewJob, Outcome};
use prosopa_model::Timestamp;
use prosopa_problem::FieldError;
use prosopa_runtime::Network;

use self::request::ResetRequest;
use crate::{
    email::Email,
    error::Error,
    guesses::{self, Guess},
    mails, password_changes,
    passwords::{Password, Room},
    secrets, sessions,
    state::State,
    store::{
        Lock,
        users::{Status, User, UserKind},
    },
};

/// The kind of the job that sends a token, if there is somebody to send it to.
pub(crate) const SEND_PASSWORD_RESET: &str = "send-password-reset";

/// Requests that may come from one network at once, and the time after which one more may.
pub(crate) const NETWORK_RATE: (u32, Duration) = (10, Duration::from_secs(60));

/// How long a token is worth something.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// What [`PER_HOUR_MAX`] counts in, and how long tokens are kept.
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Tokens of one user that a password may be set with at the same time.
const LIVE_MAX: usize = 3;

/// Tokens sent to one user within an hour.
const PER_HOUR_MAX: usize = 5;

/// Puts the wish for a token into the queue, whoever has the address.
pub(crate) async fn request(state: &State, email: &str, network: &Network) -> Result<(), Error> {
    if state.mailer.is_none() {
        return Err(Error::NoMailer);
    }
    let email = Email::parse_any(email).map_err(|why| {
        Error::Invalid(vec![FieldError { pointer: "/email".to_owned(), detail: why.to_owned() }])
    })?;
    let counted = state.reset_throttle.counted("network", &network.bytes());
    let begun = state.reset_throttle.begin(&counted, state.clock.now()).await;
    let place = begun.map_err(|refused| Error::TooManyResets { retry_after: refused.retry_after })?;
    let enqueued = enqueue(state, &email).await;
    if enqueued.is_err() {
        state.reset_throttle.give_back(&counted, place).await;
    } else {
        count(state, "requested");
    }
    enqueued
}

async fn enqueue(state: &State, email: &Email) -> Result<(), Error> {
    let token = secrets::random_text(secrets::SECRET_LEN)?;
    let request = ResetRequest { email_key: email.key(), token, requested_at: state.clock.now() };
    let job = NewJob::new(SEND_PASSWORD_RESET, request.seal(&state.keyring)?);
    let mut write = state.store.begin().await?;
    state.jobs.enqueue(write.tx(), job).await?;
    write.commit().await
}

/// Sends the token of a request to the user who has the address, if there is one. Begun again, it sends the same one.
pub(crate) async fn send(state: &State, ctx: &JobContext) -> Result<Outcome, Error> {
    let request = ResetRequest::open(&state.keyring, ctx.input())?;
    let expires_at = request.requested_at.after(LIFE);
    if expires_at <= state.clock.now() {
        count(state, "late");
        return Ok(Outcome::Completed(None));
    }
    let Some(user) = find_user(state, &request.email_key).await? else {
        count(state, "unknown");
        return Ok(Outcome::Completed(None));
    };
    if !keep(state, &user, &request, expires_at).await? {
        count(state, "throttled");
        return Ok(Outcome::Completed(None));
    }
    let user_id = user.id;
    let outcome = mails::send_reset(state, ctx, user, request.token, expires_at).await?;
    if matches!(outcome, Outcome::Completed(_)) {
        count(state, "sent");
        tracing::info!(%user_id, "token for a new password sent");
    }
    Ok(outcome)
}

async fn find_user(state: &State, email_key: &str) -> Result<Option<User>, Error> {
    let known = state.store.find_credentials_by_email(email_key).await?;
    let Some(known) = known.filter(|known| known.status == Status::Active) else { return Ok(None) };
    let user = state.store.find_user(known.user_id).await?;
    Ok(user.filter(|user| user.kind == UserKind::Person))
}

/// Keeps the digest of a token, unless the user has all the tokens that one may have, or another address by now; says
/// whether it is kept.
async fn keep(
    state: &State,
    user: &User,
    request: &ResetRequest,
    expires_at: Timestamp,
) -> Result<bool, Error> {
    let hash = secrets::digest(&request.token);
    let now = state.clock.now();
    let mut write = state.store.begin_holding(&[Lock::User(user.id)]).await?;
    let still = write.find_user(user.id).await?;
    if still.is_none_or(|still| still.email != user.email || still.status != Status::Active) {
        return Ok(false);
    }
    let recent = write.list_password_resets(user.id, now.before(HOUR)).await?;
    if recent.iter().any(|reset| reset.hash == hash) {
        return Ok(true);
    }
    let live = recent.iter().filter(|reset| reset.is_live(now)).count();
    if live >= LIVE_MAX || recent.len() >= PER_HOUR_MAX {
        return Ok(false);
    }
    write.insert_password_reset(hash, user.id, now, expires_at).await?;
    write.commit().await?;
    Ok(true)
}

/// Sets a new password by a token, once. All sessions of the user end; keys go on.
///
/// A token that is wrong, expired or used, and one of a deactivated user, are not told apart.
pub(crate) async fn complete(
    state: &State,
    token: &SecretString,
    new: &SecretString,
    network: &Network,
) -> Result<(), Error> {
    let new = password_changes::acceptable(new)?;
    let completed =
        guesses::attempt(state, &[Guess::from(state, network)], try_complete(state, token, &new)).await;
    match &completed {
        Ok(user) => {
            sessions::forgive(state, user).await;
            count(state, "completed");
            tracing::info!(user_id = %user.id, "password set by a token");
        }
        Err(Error::InvalidCredentials) => count(state, "refused"),
        Err(_) => {}
    }
    completed.map(|_| ())
}

async fn try_complete(state: &State, token: &SecretString, new: &Password) -> Result<User, Error> {
    let hash = secrets::digest(token);
    let user_id = state.store.find_user_id_by_reset(hash, state.clock.now()).await?;
    let user_id = user_id.ok_or(Error::InvalidCredentials)?;
    let user = state.store.find_user(user_id).await?.filter(|user| user.status == Status::Active);
    let user = user.ok_or(Error::InvalidCredentials)?;
    password_changes::refuse_repeating(new, &user)?;
    let password_hash = state.passwords.hash(new, Room::Login).await?;
    let mut write = state.store.begin_holding(&[Lock::User(user.id)]).await?;
    // Another may have come first, or the user have been deactivated, while the hash was computed.
    let still = write.find_credentials(user.id).await?;
    let is_active = still.is_some_and(|still| still.status == Status::Active);
    if !is_active || !write.use_password_reset(hash, state.clock.now()).await? {
        return Err(Error::InvalidCredentials);
    }
    // The token was in a mail to the address that the user has: another address would have made it void.
    write.set_email_verified(user.id, state.clock.now()).await?;
    password_changes::replace(state, &mut write, user.id, &password_hash, None).await?;
    write.commit().await?;
    Ok(user)
}

fn count(state: &State, outcome: &str) {
    state.metrics.password_resets.with_label_values(&[outcome]).inc();
}
