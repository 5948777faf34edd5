//! `POST /api/v1/auth/password-resets`, `/password-resets/complete`.

use axum::{Extension, extract, response::IntoResponse};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::Json;
use prosopa_problem::Problem;
use prosopa_runtime::{Network, PeerAddress};

use crate::{password_resets, state::State};

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordReset {
    /// The user's e-mail address.
    #[schema(max_length = 254, format = Email, example = "ada@example.org")]
    email: String,
}

/// What everybody is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedPasswordReset {
    /// What happens next.
    #[schema(example = "if the address belongs to a user, a mail with a token is on its way")]
    remark: &'static str,
}

/// A token and the password to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordResetCompletion {
    /// As it came by mail.
    #[schema(value_type = String, format = Password, example = "7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn")]
    token: SecretString,
    /// 8 to 1,024 characters, any of Unicode; not one of the common ones, nor name or address again.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024, example = "four other random words")]
    new_password: SecretString,
}

pub(super) async fn request(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    Json(reset): Json<PasswordReset>,
) -> Result<impl IntoResponse, Problem> {
    let network = Network::of(peer.map(|Extension(peer)| peer));
    password_resets::request(&state, &reset.email, &network).await?;
    let remark = "if the address belongs to a user, a mail with a token is on its way";
    Ok((StatusCode::ACCEPTED, axum::Json(RequestedPasswordReset { remark })))
}

pub(super) async fn complete(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    Json(completion): Json<PasswordResetCompletion>,
) -> Result<StatusCode, Problem> {
    let network = Network::of(peer.map(|Extension(peer)| peer));
    password_resets::complete(&state, &completion.token, &completion.new_password, &network).await?;
    Ok(StatusCode::NO_CONTENT)
}
