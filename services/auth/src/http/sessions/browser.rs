//! `POST`, `GET`, `DELETE /api/v1/auth/session`: the session that the caller acts in, in a browser that of its cookie.

use axum::{Extension, extract, response::IntoResponse};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use prosopa_http::{
    Caller, Json,
    cookies::{SESSION_COOKIE, Transport},
};
use prosopa_model::Timestamp;
use prosopa_problem::Problem;
use prosopa_runtime::PeerAddress;

use super::{Login, NO_STORE, client_of};
use crate::{http::users::User, sessions::browser, state::State};

/// The session that a request is made in.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrowserSession {
    /// Who is signed in.
    user: User,
    /// When it ends unless it is used.
    #[schema(value_type = String, format = DateTime, example = "2026-02-01T03:04:05.000006Z")]
    expires_at: Timestamp,
    /// What requests by cookie carry as `X-CSRF-Token` if they change something; null in a session without a cookie.
    #[serde(serialize_with = "expose_any")]
    #[schema(value_type = Option<String>, example = "3q2-7wTnZ0yqfYp4oVxkq1r8cWb5mJdE6uHsLgAi9Nc")]
    csrf_token: Option<SecretString>,
}

impl From<browser::BrowserSession> for BrowserSession {
    fn from(session: browser::BrowserSession) -> Self {
        let browser::BrowserSession { user, expires_at, csrf_token } = session;
        Self { user: user.into(), expires_at, csrf_token }
    }
}

pub(in crate::http) async fn begin(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    uri: Uri,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<impl IntoResponse, Problem> {
    let (who, password) = login.check()?;
    let client = client_of(peer, &headers);
    let (cookie, session) = browser::log_in(&state, &who, &password, &client).await?;
    let set = set_cookie(&state, &uri, &headers, &cookie)?;
    Ok((
        StatusCode::CREATED,
        [NO_STORE],
        [(header::SET_COOKIE, set)],
        axum::Json(BrowserSession::from(session)),
    ))
}

pub(in crate::http) async fn show(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
) -> Result<impl IntoResponse, Problem> {
    let session = browser::show(&state, &caller).await?;
    Ok(([NO_STORE], axum::Json(BrowserSession::from(session))))
}

pub(in crate::http) async fn end(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    browser::end(&state, &caller).await?;
    let transport = Transport::of(&uri, &headers).held_to(state.config.cookie_security);
    let forget = SESSION_COOKIE.remove(transport).ok_or_else(unwritable)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)]))
}

/// What makes the browser keep a new session. It keeps the cookie for as long as a session may live; whether the session
/// still does is known here.
pub(in crate::http) fn set_cookie(
    state: &State,
    uri: &Uri,
    headers: &HeaderMap,
    cookie: &browser::NewCookie,
) -> Result<HeaderValue, Problem> {
    let transport = Transport::of(uri, headers).held_to(state.config.cookie_security);
    SESSION_COOKIE.set(transport, cookie.secret.expose_secret(), cookie.life_max).ok_or_else(unwritable)
}

fn unwritable() -> Problem {
    Problem::internal("a cookie cannot be written")
}

/// Writes a secret into an answer, where it is meant to be read; null where there is none.
fn expose_any<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}
