//! `POST /api/v1/auth/login`, `/refresh`, `/logout`; `GET`, `DELETE /api/v1/auth/sessions[/{id}]`.

pub(super) mod browser;

use axum::{Extension, extract, response::IntoResponse};
use http::{HeaderMap, StatusCode, header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::{Caller, Json, Page, PageQuery, PathId, Query};
use prosopa_model::{SessionId, Timestamp, id};
use prosopa_problem::Problem;
use prosopa_runtime::{Network, PeerAddress};

use super::{NO_STORE, expose};
use crate::{sessions, state::State, store};

/// Who logs in: either `user_name` or `email`, and the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// Name chosen at registration.
    #[schema(example = "ada")]
    user_name: Option<String>,
    /// Or the e-mail address.
    #[schema(format = Email)]
    email: Option<String>,
    /// The password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: SecretString,
}

impl Login {
    /// Who it is, and the password.
    fn check(self) -> Result<(sessions::Login, SecretString), Problem> {
        match (self.user_name, self.email) {
            (Some(user_name), None) => Ok((sessions::Login::UserName(user_name), self.password)),
            (None, Some(email)) => Ok((sessions::Login::Email(email), self.password)),
            _ => Err(Problem::invalid("", "either user_name or email must be given")),
        }
    }
}

/// The program that a request comes from.
pub(super) fn client_of(peer: Option<Extension<PeerAddress>>, headers: &HeaderMap) -> sessions::Client {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    sessions::Client {
        network: Network::of(peer.map(|Extension(peer)| peer)),
        user_agent: user_agent.map(str::to_owned),
    }
}

/// The refresh token of a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshToken {
    /// As the last login or refresh gave it.
    #[schema(value_type = String, format = Password, example = "psr_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn")]
    refresh_token: SecretString,
}

/// What a caller holds of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// JWT for `Authorization: Bearer`.
    #[serde(serialize_with = "expose")]
    #[schema(value_type = String, example = "eyJhbGciOiJFZERTQSIsImtpZCI6IjFhMmIzYyJ9.e30.c2lnbmF0dXJl")]
    access_token: SecretString,
    /// Works once, for new tokens.
    #[serde(serialize_with = "expose")]
    #[schema(value_type = String, example = "psr_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn")]
    refresh_token: SecretString,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Life of the access token, seconds.
    #[schema(example = 900)]
    expires_in: u64,
    /// Life of the refresh token if it is not used, seconds.
    #[schema(example = 2_592_000)]
    refresh_expires_in: u64,
}

/// A live session of the caller's user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// The session.
    #[schema(value_type = String, example = "ses_01h455vb4pex5vsknk084sn02q")]
    id: SessionId,
    /// When it began with a login.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
    /// When it was last given tokens, by the login or a refresh; requests may have come for the life of an access token
    /// since.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    #[schema(value_type = String, format = DateTime, example = "2026-02-01T03:04:05.000006Z")]
    expires_at: Timestamp,
    /// What the program that logged in said it was, at most 120 characters; null: nothing.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")]
    user_agent: Option<String>,
    /// Whether this request was made in it.
    current: bool,
}

impl Session {
    fn of(session: store::sessions::Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            current: current == Some(session.id),
        }
    }
}

impl From<sessions::Tokens> for Tokens {
    fn from(tokens: sessions::Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: "Bearer",
            expires_in: tokens.access_token_life.as_secs(),
            refresh_expires_in: tokens.refresh_token_life.as_secs(),
        }
    }
}

pub(super) async fn log_in(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<impl IntoResponse, Problem> {
    let (who, password) = login.check()?;
    let tokens = sessions::log_in(&state, &who, &password, &client_of(peer, &headers)).await?;
    Ok(([NO_STORE], axum::Json(Tokens::from(tokens))))
}

pub(super) async fn refresh(
    extract::State(state): extract::State<State>,
    Json(token): Json<RefreshToken>,
) -> Result<impl IntoResponse, Problem> {
    let tokens = sessions::refresh(&state, &token.refresh_token).await?;
    Ok(([NO_STORE], axum::Json(Tokens::from(tokens))))
}

pub(super) async fn log_out(
    extract::State(state): extract::State<State>,
    Json(token): Json<RefreshToken>,
) -> Result<StatusCode, Problem> {
    sessions::log_out(&state, &token.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = query.check()?;
    let current = sessions::own::current(&caller);
    // One more than the page holds tells whether there is another page.
    let rows = sessions::own::list(&state, &caller, page.after, page.limit + 1).await?;
    let page = Page::cut(rows, page.limit, store::sessions::Session::position);
    Ok(axum::Json(page.map(|session| Session::of(session, current))))
}

pub(super) async fn end(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::Session>,
) -> Result<StatusCode, Problem> {
    sessions::own::end(&state, caller.user_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn end_others(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
) -> Result<StatusCode, Problem> {
    sessions::own::end_others(&state, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
