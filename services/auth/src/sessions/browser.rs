//! Sessions that a browser keeps in a cookie, out of reach of the page's scripts (R8).
//!
//! The cookie is a random secret that is made at the login, whatever cookie came with it, and stays the same to the end of
//! the session. Since a browser sends it whoever asks, what changes something takes a token too, which only pages of this
//! site can have read. The token belongs to the session and is never stored: it is made from the session's id under a
//! secret key.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use prosopa_contract::verifier::{CookieError, CookieWish, PresentedCookie};
use prosopa_model::{Credential, Principal, Scopes, SessionId, Timestamp, UserId};

use super::{Client, Login, LoginKey, counted, own, prove};
use crate::{
    error::Error,
    secrets,
    state::State,
    store::{
        Write,
        sessions::browser::StoredBrowserSession,
        users::{Status, User},
    },
    users,
};

/// What every cookie's value begins with.
const PREFIX: &str = "psc_";

/// A session is given its full life again once this share of it is used up: a thirtieth, a day of thirty.
const RENEWAL_SHARE: u32 = 30;

/// A session as its browser may see it.
pub(crate) struct BrowserSession {
    pub(crate) user: User,
    /// When it ends unless it is used.
    pub(crate) expires_at: Timestamp,
    /// What goes with requests that change something; none for a session that has no cookie.
    pub(crate) csrf_token: Option<SecretString>,
}

/// A cookie that was made just now.
pub(crate) struct NewCookie {
    pub(crate) secret: SecretString,
    /// How long a session with it may live at most.
    pub(crate) life_max: Duration,
    /// When its session ends unless it is used.
    pub(crate) expires_at: Timestamp,
    session_id: SessionId,
}

/// Begins a session with a cookie, by the same rules as any [login](super::log_in).
pub(crate) async fn log_in(
    state: &State,
    login: &Login,
    password: &SecretString,
    client: &Client,
) -> Result<(NewCookie, BrowserSession), Error> {
    let key = LoginKey::of(login);
    counted(state, &key, client, Box::pin(try_log_in(state, &key, password, client))).await
}

async fn try_log_in(
    state: &State,
    key: &LoginKey,
    password: &SecretString,
    client: &Client,
) -> Result<(NewCookie, BrowserSession), Error> {
    let proven = prove(state, key, password).await?;
    let (user_id, now) = (proven.user_id, state.clock.now());
    let mut write = proven.begin(state).await?;
    let cookie = open(state, &mut write, user_id, client, now).await?;
    let user = write.find_user(user_id).await?.ok_or(Error::InvalidCredentials)?;
    write.commit().await?;
    let session = BrowserSession {
        user,
        expires_at: cookie.expires_at,
        csrf_token: Some(csrf_token(state, cookie.session_id)),
    };
    Ok((cookie, session))
}

/// Adds a session with a cookie, in a write that holds the user's lock. Whether the user may act is known.
pub(crate) async fn open(
    state: &State,
    write: &mut Write,
    user_id: UserId,
    client: &Client,
    now: Timestamp,
) -> Result<NewCookie, Error> {
    let random = secrets::random_text(secrets::SECRET_LEN)?;
    let secret = SecretString::from(format!("{PREFIX}{}", random.expose_secret()));
    let (session_id, expires_at) = super::open(state, write, user_id, client, now).await?;
    write.insert_session_cookie(secrets::digest(&secret), session_id).await?;
    Ok(NewCookie { secret, life_max: state.config.session_life_max(), expires_at, session_id })
}

/// The session that the caller acts in, with the token afresh; a key acts in none.
pub(crate) async fn show(state: &State, caller: &Principal) -> Result<BrowserSession, Error> {
    let id = own::current(caller).ok_or(Error::NotFound)?;
    let user = users::find_caller(state, caller).await?;
    let end = state.store.find_session_end(id, user.id).await?.ok_or(Error::UnknownCaller)?;
    let csrf_token = (end.cookies > 0).then(|| csrf_token(state, id));
    Ok(BrowserSession { user, expires_at: end.expires_at, csrf_token })
}

/// Ends the session that the caller acts in.
pub(crate) async fn end(state: &State, caller: &Principal) -> Result<(), Error> {
    let id = own::current(caller).ok_or(Error::NotFound)?;
    own::end(state, caller.user_id, id).await
}

/// Who stands behind a cookie, with one indexed read: a session that ended works no more.
pub(crate) async fn verify(state: &State, cookie: &PresentedCookie) -> Result<Principal, CookieError> {
    if !cookie.secret.expose_secret().starts_with(PREFIX) {
        return Err(CookieError::Invalid);
    }
    let now = state.clock.now();
    let stored = state.store.find_browser_session(secrets::digest(&cookie.secret), now).await;
    let unavailable = |error: Error| CookieError::Unavailable { detail: error.to_string() };
    let stored = stored.map_err(unavailable)?.filter(|stored| stored.status == Status::Active);
    let stored = stored.ok_or(CookieError::Invalid)?;
    if let CookieWish::Change { csrf_token: sent } = &cookie.wish {
        let right = csrf_token(state, stored.id);
        if !bool::from(right.expose_secret().as_bytes().ct_eq(sent.expose_secret().as_bytes())) {
            return Err(CookieError::Forged);
        }
    }
    renew(state, &stored, now).await;
    Ok(Principal {
        account_id: stored.account_id,
        user_id: stored.user_id,
        role: stored.role,
        scopes: Scopes::all(),
        credential: Credential::Session(stored.id),
        requests_per_day_max: stored.requests_per_day_max,
        plan: stored.plan,
        quota: None,
    })
}

/// Gives a session that is used its full life again, up to the longest that one may have. That is written once in a while;
/// should it fail, the next request tries again.
async fn renew(state: &State, stored: &StoredBrowserSession, now: Timestamp) {
    let life = state.config.refresh_token_life();
    let ends_at = stored.created_at.after(state.config.session_life_max());
    let expires_at = now.after(life).min(ends_at);
    if expires_at.since(stored.expires_at) < life / RENEWAL_SHARE {
        return;
    }
    if let Err(error) = try_renew(state, stored.id, now, expires_at).await {
        tracing::warn!(session_id = %stored.id, %error, "a session is not renewed");
    }
}

async fn try_renew(state: &State, id: SessionId, now: Timestamp, expires_at: Timestamp) -> Result<(), Error> {
    let mut write = state.store.begin().await?;
    write.extend_session(id, now, expires_at).await?;
    write.commit().await
}

/// 43 characters that nobody can make who does not know the key.
fn csrf_token(state: &State, id: SessionId) -> SecretString {
    URL_SAFE_NO_PAD.encode(state.hash_key.hash("session/csrf-token", &[id.uuid().as_bytes()])).into()
}
