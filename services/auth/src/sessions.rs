//! Sessions: from a login, through rotations of the refresh token, to their end (F2).
//!
//! A refresh token works once. Presented again it is refused; later than a grace after its rotation, when it cannot be
//! a racing twin of the rightful caller any more, the session ends: one of two parties holds a stolen token
//! (RFC 9700, section 4.14.2).

pub(crate) mod browser;
pub(crate) mod own;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use prosopa_model::{SessionId, Timestamp, UserId};
use prosopa_runtime::Network;

use crate::{
    email::Email,
    error::Error,
    guesses::{self, Guess},
    passwords::{Password, Room},
    secrets,
    state::State,
    store::{
        Lock, Write,
        sessions::StoredRefreshToken,
        users::{Status, User},
    },
    user_name::UserName,
};

/// What every refresh token begins with.
pub(crate) const REFRESH_TOKEN_PREFIX: &str = "psr_";

/// Characters kept of what a client says it is: enough to know one's own again.
const USER_AGENT_LEN_MAX: usize = 120;

/// The program that a login comes from.
pub(crate) struct Client {
    pub(crate) network: Network,
    /// What it says it is.
    pub(crate) user_agent: Option<String>,
}

/// How a user is named at login.
pub(crate) enum Login {
    UserName(String),
    Email(String),
}

/// A login in the form in which users are found by it.
enum LoginKey {
    UserName(String),
    Email(String),
}

impl LoginKey {
    fn of(login: &Login) -> Self {
        match login {
            Login::UserName(name) => Self::UserName(UserName::key_of(name)),
            Login::Email(email) => Self::Email(Email::key_of(email)),
        }
    }

    fn guess<'a>(&self, state: &'a State) -> Guess<'a> {
        match self {
            Self::UserName(key) => Guess::at(state, "user_name", key),
            Self::Email(key) => Guess::at(state, "email", key),
        }
    }
}

/// What a caller holds of a session.
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: SecretString,
    /// Life of the access token.
    pub(crate) access_token_life: Duration,
    /// Life of the refresh token, if it is not used.
    pub(crate) refresh_token_life: Duration,
}

/// Begins a session. An unknown name, a wrong password and a deactivated user are not told apart, nor by time, nor by
/// when a name that failed too often has to wait.
pub(crate) async fn log_in(
    state: &State,
    login: &Login,
    password: &SecretString,
    client: &Client,
) -> Result<Tokens, Error> {
    let key = LoginKey::of(login);
    counted(state, &key, client, Box::pin(try_log_in(state, &key, password, client))).await
}

/// Makes a login unless too many failed, and counts it.
async fn counted<T>(
    state: &State,
    key: &LoginKey,
    client: &Client,
    login: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let counted = [Guess::from(state, &client.network), key.guess(state)];
    let made = guesses::attempt(state, &counted, login).await;
    let outcome = match &made {
        Ok(_) => "accepted",
        Err(Error::InvalidCredentials) => "refused",
        Err(Error::TooManyFailedLogins { .. }) => "throttled",
        Err(Error::HashingOverloaded) => "overloaded",
        Err(_) => "failed",
    };
    state.metrics.logins.with_label_values(&[outcome]).inc();
    made
}

/// Forgets that somebody guessed at a user's password: there is a new one.
pub(crate) async fn forgive(state: &State, user: &User) {
    for login in [Login::UserName(user.user_name.clone()), Login::Email(user.email.clone())] {
        LoginKey::of(&login).guess(state).forgive().await;
    }
}

async fn try_log_in(
    state: &State,
    key: &LoginKey,
    password: &SecretString,
    client: &Client,
) -> Result<Tokens, Error> {
    let proven = prove(state, key, password).await?;
    let signer = state.signing_keys.signer().await?;
    let (user_id, now) = (proven.user_id, state.clock.now());
    let refresh_token = new_refresh_token()?;
    let mut tx = proven.begin(state).await?;
    let (session_id, expires_at) = open(state, &mut tx, user_id, client, now).await?;
    tx.insert_refresh_token(secrets::digest(&refresh_token), session_id, expires_at).await?;
    let access_token = signer.sign(&state.config, user_id, session_id, now)?;
    tx.commit().await?;
    Ok(tokens(state, access_token, refresh_token, expires_at.since(now)))
}

/// A user whose password was right.
struct Proven {
    user_id: UserId,
    password_hash: String,
    /// The hash with the parameters of today, if the stored one is of others.
    new_hash: Option<String>,
}

async fn prove(state: &State, key: &LoginKey, password: &SecretString) -> Result<Proven, Error> {
    let password = Password::typed(password).ok_or(Error::InvalidCredentials)?;
    let known = match key {
        LoginKey::UserName(key) => state.store.find_credentials_by_user_name(key).await?,
        LoginKey::Email(key) => state.store.find_credentials_by_email(key).await?,
    };
    let hash = known.as_ref().map(|credentials| credentials.password_hash.as_str());
    let check = state.passwords.check(&password, hash).await?;
    let known = known.filter(|credentials| check.is_right && credentials.status == Status::Active);
    let known = known.ok_or(Error::InvalidCredentials)?;
    let new_hash = if check.is_outdated { rehash(state, &password, known.user_id).await } else { None };
    Ok(Proven { user_id: known.user_id, password_hash: known.password_hash, new_hash })
}

impl Proven {
    /// Begins the write that is to hold the session, with the user's lock.
    async fn begin(self, state: &State) -> Result<Write, Error> {
        let mut write = state.store.begin_holding(&[Lock::User(self.user_id)]).await?;
        // The password may have been reset, or the user deactivated, while the hash was computed.
        let still = write.find_credentials(self.user_id).await?;
        let is_unchanged = still
            .is_some_and(|still| still.status == Status::Active && still.password_hash == self.password_hash);
        if !is_unchanged {
            return Err(Error::InvalidCredentials);
        }
        if let Some(hash) = self.new_hash {
            write.set_password_hash(self.user_id, &hash).await?;
        }
        Ok(write)
    }
}

/// Adds a session in a write that holds the user's lock; gives its id and its end. It is always a new one, whatever
/// credentials came with the login. One too many ends the oldest.
async fn open(
    state: &State,
    write: &mut Write,
    user_id: UserId,
    client: &Client,
    now: Timestamp,
) -> Result<(SessionId, Timestamp), Error> {
    let id = SessionId::new();
    let ends_at = now.after(state.config.session_life_max());
    let expires_at = now.after(state.config.refresh_token_life()).min(ends_at);
    let user_agent: Option<String> =
        client.user_agent.as_ref().map(|text| text.chars().take(USER_AGENT_LEN_MAX).collect());
    write.insert_session(id, user_id, now, expires_at, user_agent.as_deref()).await?;
    write.delete_oldest_sessions(user_id, state.config.sessions_per_user_max).await?;
    Ok((id, expires_at))
}

/// Hashes with the parameters of today. A login does not fail because this does: the next one tries again.
async fn rehash(state: &State, password: &Password, user_id: UserId) -> Option<String> {
    let hash = state.passwords.hash(password, Room::Login).await;
    hash.inspect_err(|error| tracing::warn!(%user_id, %error, "password is not hashed anew")).ok()
}

/// Exchanges a refresh token for new tokens.
pub(crate) async fn refresh(state: &State, token: &SecretString) -> Result<Tokens, Error> {
    let (tokens, outcome) = match try_refresh(state, token).await {
        Ok(Refresh::Rotated(tokens)) => (Ok(tokens), "rotated"),
        Ok(Refresh::Unknown) => (Err(Error::InvalidRefreshToken), "refused"),
        Ok(Refresh::Raced) => (Err(Error::InvalidRefreshToken), "raced"),
        Ok(Refresh::Reused) => (Err(Error::InvalidRefreshToken), "reused"),
        Err(error) => (Err(error), "failed"),
    };
    state.metrics.refreshes.with_label_values(&[outcome]).inc();
    tokens
}

enum Refresh {
    Rotated(Tokens),
    /// Unknown, expired, or of a user who may not act.
    Unknown,
    /// Used already, a moment ago.
    Raced,
    /// Used already; the session has been ended.
    Reused,
}

async fn try_refresh(state: &State, token: &SecretString) -> Result<Refresh, Error> {
    let hash = secrets::digest(token);
    // Most bad tokens are turned away without a write.
    let Some(seen) = state.store.find_refresh_token(hash).await? else { return Ok(Refresh::Unknown) };
    let signer = state.signing_keys.signer().await?;
    let now = state.clock.now();
    let mut tx = state.store.begin_holding(&[Lock::Session(seen.session_id)]).await?;
    let Some(known) = tx.find_refresh_token(hash).await? else { return Ok(Refresh::Unknown) };
    if known.expires_at <= now || known.status != Status::Active {
        return Ok(Refresh::Unknown);
    }
    if let Some(rotated_at) = known.rotated_at {
        if now.since(rotated_at) <= state.config.refresh_reuse_grace() {
            return Ok(Refresh::Raced);
        }
        tx.delete_session(known.session_id).await?;
        tx.commit().await?;
        tracing::warn!(user_id = %known.user_id, session_id = %known.session_id, "refresh token reused, session ended");
        return Ok(Refresh::Reused);
    }
    let new_token = new_refresh_token()?;
    let expires_at = next_expiry(state, &known, now);
    // All sessions of a user end without the lock of each.
    if !tx.extend_session(known.session_id, now, expires_at).await? {
        return Ok(Refresh::Unknown);
    }
    tx.mark_rotated(hash, now).await?;
    tx.insert_refresh_token(secrets::digest(&new_token), known.session_id, expires_at).await?;
    let access_token = signer.sign(&state.config, known.user_id, known.session_id, now)?;
    tx.commit().await?;
    Ok(Refresh::Rotated(tokens(state, access_token, new_token, expires_at.since(now))))
}

fn next_expiry(state: &State, known: &StoredRefreshToken, now: Timestamp) -> Timestamp {
    let ends_at = known.session_created_at.after(state.config.session_life_max());
    now.after(state.config.refresh_token_life()).min(ends_at)
}

/// What is known of a refresh token that new tokens may be had for.
pub(crate) async fn find_live_refresh_token(
    state: &State,
    token: &SecretString,
) -> Result<Option<StoredRefreshToken>, Error> {
    let now = state.clock.now();
    let known = state.store.find_refresh_token(secrets::digest(token)).await?;
    Ok(known.filter(|known| {
        known.rotated_at.is_none() && known.expires_at > now && known.status == Status::Active
    }))
}

/// Ends the session that a refresh token belongs or belonged to; any other text changes nothing.
pub(crate) async fn log_out(state: &State, token: &SecretString) -> Result<(), Error> {
    let hash = secrets::digest(token);
    if let Some(known) = state.store.find_refresh_token(hash).await? {
        let mut tx = state.store.begin_holding(&[Lock::Session(known.session_id)]).await?;
        tx.delete_session(known.session_id).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn new_refresh_token() -> Result<SecretString, Error> {
    let secret = secrets::random_text(secrets::SECRET_LEN)?;
    Ok(format!("{REFRESH_TOKEN_PREFIX}{}", secret.expose_secret()).into())
}

fn tokens(
    state: &State,
    access_token: SecretString,
    refresh_token: SecretString,
    refresh_token_life: Duration,
) -> Tokens {
    let access_token_life = state.config.access_token_life();
    Tokens { access_token, refresh_token, access_token_life, refresh_token_life }
}
