//! `POST /api/v1/auth/login`, `/refresh`, `/logout`.

use axum::{extract, response::IntoResponse};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::Json;
use prosopa_problem::Problem;

use super::{NO_STORE, expose};
use crate::{sessions, state::State};

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
    Json(login): Json<Login>,
) -> Result<impl IntoResponse, Problem> {
    let who = match (login.user_name, login.email) {
        (Some(user_name), None) => sessions::Login::UserName(user_name),
        (None, Some(email)) => sessions::Login::Email(email),
        _ => return Err(Problem::invalid("", "either user_name or email must be given")),
    };
    let tokens = sessions::log_in(&state, &who, &login.password).await?;
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
