//! `POST /api/v1/auth/revoke` (RFC 7009), `/introspect` (RFC 7662).

use axum::{
    extract::{self, FromRequest, Request},
    response::IntoResponse,
};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::{BodyBytes, Caller, Json, Operation, content_type};
use prosopa_model::UserId;
use prosopa_problem::Problem;

use super::NO_STORE;
use crate::{
    state::State,
    tokens::{self, TokenFacts},
};

const FORM: &str = "application/x-www-form-urlencoded";

/// A token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresentedToken {
    /// An access token, a refresh token or an API key.
    #[schema(value_type = String, format = Password, example = "psr_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn")]
    token: SecretString,
    /// `access_token` or `refresh_token`. Not needed: the form of a token tells its kind.
    #[serde(rename = "token_type_hint", default)]
    #[schema(example = "refresh_token")]
    _token_type_hint: Option<String>,
}

/// A token in a form, where other parameters are passed over (RFC 6749, section 3.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `PresentedToken` reads of a form")]
struct TokenForm {
    /// An access token, a refresh token or an API key.
    #[schema(format = Password, example = "psr_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn")]
    token: String,
    /// `access_token` or `refresh_token`. Not needed: the form of a token tells its kind.
    #[schema(example = "refresh_token")]
    token_type_hint: Option<String>,
}

/// What is known of a token; nothing but `active: false` of one that is not valid or is another account's.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether it is valid now.
    active: bool,
    /// What it allows, separated by blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "faces:read faces:write")]
    scope: Option<String>,
    /// `Bearer` for what requests are made with; absent for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Bearer")]
    token_type: Option<&'static str>,
    /// The user who stands behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "usr_01h455vb4pex5vsknk084sn02q")]
    sub: Option<UserId>,
    /// When an access token was issued, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_767_323_045)]
    iat: Option<i64>,
    /// When it ends, seconds since 1970; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_767_323_945)]
    exp: Option<i64>,
}

impl From<TokenFacts> for Introspection {
    fn from(facts: TokenFacts) -> Self {
        Self {
            active: true,
            scope: Some(facts.scopes.to_string()),
            token_type: facts.is_bearer.then_some("Bearer"),
            sub: Some(facts.user_id),
            iat: facts.issued_at,
            exp: facts.expires_at,
        }
    }
}

/// As the standards have it, a form; JSON too, like everywhere else here.
impl<S: Send + Sync> FromRequest<S> for PresentedToken {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !content_type(request.headers()).is_some_and(|media_type| media_type.eq_ignore_ascii_case(FORM)) {
            return Json::from_request(request, state).await.map(|Json(presented)| presented);
        }
        let BodyBytes(body) = BodyBytes::from_request(request, state).await?;
        let mut tokens = form_urlencoded::parse(&body).filter(|(name, _)| name == "token");
        match (tokens.next(), tokens.next()) {
            (Some((_, token)), None) => Ok(Self { token: token.into_owned().into(), _token_type_hint: None }),
            (None, _) => Err(Problem::invalid("/token", "must be given")),
            (Some(_), Some(_)) => Err(Problem::invalid("/token", "must be given once")),
        }
    }
}

/// Takes a token, as a form or as JSON.
pub(super) fn taking_token(operation: Operation) -> Operation {
    let mut operation = operation.json_request::<PresentedToken>().json_request::<TokenForm>();
    if let Some(form) = operation.request.last_mut() {
        form.media_type = FORM;
    }
    operation
}

pub(super) async fn revoke(
    extract::State(state): extract::State<State>,
    presented: PresentedToken,
) -> Result<impl IntoResponse, Problem> {
    tokens::revoke(&state, &presented.token).await?;
    Ok((StatusCode::OK, [NO_STORE]))
}

pub(super) async fn introspect(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    presented: PresentedToken,
) -> Result<impl IntoResponse, Problem> {
    let facts = tokens::introspect(&state, &caller, &presented.token).await?;
    Ok(([NO_STORE], axum::Json(facts.map_or_else(Introspection::default, Introspection::from))))
}
