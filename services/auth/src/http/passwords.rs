//! `POST /api/v1/auth/password`.

use axum::extract;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_http::{Caller, Json};
use prosopa_problem::Problem;

use crate::{password_changes, state::State};

/// The present password and the one to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The present password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    current_password: SecretString,
    /// 8 to 1,024 characters, any of Unicode; not one of the common ones, nor name or address again.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024, example = "four other random words")]
    new_password: SecretString,
}

pub(super) async fn change(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    password_changes::change(&state, &caller, &change.current_password, &change.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
