//! `GET`, `PATCH`, `DELETE /api/v1/users/me`.

use axum::{extract, response::IntoResponse};
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_http::{Caller, Json};
use prosopa_model::Principal;
use prosopa_problem::Problem;

use super::{Me, Quota, present};
use crate::{state::State, store, users};

/// What is to be otherwise; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnChange {
    /// Another name, by the rules of registration.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 64, example = "ada.lovelace")]
    user_name: Option<String>,
    /// Another e-mail address.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Email, max_length = 254, example = "ada@example.org")]
    email: Option<String>,
    /// The password; needed for another e-mail address.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Password, example = "correct horse battery staple")]
    current_password: Option<SecretString>,
}

/// Proof that it is the user who leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnDeletion {
    /// The password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: SecretString,
}

pub(in crate::http) async fn show_me(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
) -> Result<impl IntoResponse, Problem> {
    let user = users::find_caller(&state, &caller).await?;
    Ok(me(user, caller))
}

pub(in crate::http) async fn change_me(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Json(change): Json<OwnChange>,
) -> Result<impl IntoResponse, Problem> {
    let OwnChange { user_name, email, current_password } = change;
    let change = users::Change { user_name, email, current_password };
    let user = users::change_own(&state, &caller, change).await?;
    Ok(me(user, caller))
}

pub(in crate::http) async fn delete_me(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Json(deletion): Json<OwnDeletion>,
) -> Result<StatusCode, Problem> {
    users::delete_own(&state, &caller, &deletion.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn me(user: store::users::User, caller: Principal) -> axum::Json<Me> {
    axum::Json(Me { user: user.into(), quota: caller.quota.map(Quota::from) })
}
