//! `POST /api/v1/auth/register`.

use axum::{extract, response::IntoResponse};
use http::{StatusCode, header};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_http::Json;
use prosopa_problem::Problem;

use super::users::User;
use crate::{registrations, state::State};

/// What somebody registers with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// 3 to 64 letters, digits, `.`, `_` and `-`; unique without regard to case and width; none that looks like
    /// the name of another.
    #[schema(min_length = 3, max_length = 64, example = "ada")]
    user_name: String,
    /// Address of a mailbox; unique without regard to case.
    #[schema(max_length = 254, format = Email, example = "ada@example.org")]
    email: String,
    /// 8 to 1,024 characters, any of Unicode; not one of the common ones, nor name or address again.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024, example = "correct horse battery staple")]
    password: SecretString,
    /// Metered requests a day; up to those of the default plan, which apply where nothing is said.
    #[schema(minimum = 1, example = 100)]
    api_request_quota: Option<u64>,
}

pub(super) async fn register(
    extract::State(state): extract::State<State>,
    Json(registration): Json<Registration>,
) -> Result<impl IntoResponse, Problem> {
    let Registration { user_name, email, password, api_request_quota } = registration;
    let registration = registrations::Registration { user_name, email, password, api_request_quota };
    let user = registrations::register(&state, &registration).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, "/api/v1/users/me")], axum::Json(User::from(user))))
}
