//! `POST`, `GET /api/v1/auth/api-keys`, `DELETE /api/v1/auth/api-keys/{id}`.

use axum::{
    extract,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use prosopa_http::{
    Caller, IDEMPOTENT_REPLAYED, IdempotencyKey, Json, Page, PageQuery, PathId, Query, key_in_use, key_reused,
};
use prosopa_model::{AccountId, ApiKeyId, Scopes, Timestamp, id};
use prosopa_problem::{Code, Problem};
use prosopa_store::idempotency::Known;

use super::{NO_STORE, expose};
use crate::{api_keys, state::State, store};

/// A key that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// What the key is for, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "door camera")]
    name: String,
    /// Among `faces:read`, `faces:write`, `images:read`, `account:read`, `account:write`, `admin`; at most the caller's own.
    /// If absent: all of the caller's but `account:write` and `admin`.
    #[schema(value_type = Option<Vec<String>>, example = json!(["faces:read", "faces:write"]))]
    scopes: Option<Scopes>,
    /// When the key stops working; never if absent.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00Z")]
    expires_at: Option<Timestamp>,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// The key.
    #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
    id: ApiKeyId,
    /// What it is for.
    #[schema(example = "door camera")]
    name: String,
    /// What it allows.
    #[schema(value_type = Vec<String>, example = json!(["faces:read", "faces:write"]))]
    scopes: Scopes,
    /// What its text begins with.
    #[schema(example = "psp_live_01h455vb4pex5vsknk084sn02q")]
    prefix: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
    /// When it stops working; null: never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00.000000Z")]
    expires_at: Option<Timestamp>,
    /// When it was last used, some seconds late; null: never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    last_used_at: Option<Timestamp>,
}

/// A new API key with its text.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// The text to send as `Authorization: Bearer` or `X-API-Key`. It is not kept and cannot be shown again: absent where the
    /// request was sent again with its `Idempotency-Key`.
    #[serde(serialize_with = "expose_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "psp_live_01h455vb4pex5vsknk084sn02q_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn_1c291ca3")]
    key: Option<SecretString>,
}

/// Only called where there is one.
fn expose_option<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => expose(secret, serializer),
        None => serializer.serialize_none(),
    }
}

impl From<store::api_keys::ApiKey> for ApiKey {
    fn from(key: store::api_keys::ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            prefix: api_keys::prefix(key.id),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

pub(super) async fn create(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    idempotency_key: Option<IdempotencyKey>,
    Json(new): Json<NewApiKey>,
) -> Result<Response, Problem> {
    let new = api_keys::NewApiKey { name: new.name, scopes: new.scopes, expires_at: new.expires_at };
    let mut once = None;
    if let Some(idempotency_key) = idempotency_key {
        match api_keys::claim(&state, &caller, idempotency_key.as_bytes(), &new).await? {
            Known::New(claim) => once = Some(claim),
            Known::Done { resource_id } => return replay(&state, caller.account_id, &resource_id).await,
            Known::OtherRequest => return Err(key_reused()),
            Known::Running => return Err(key_in_use()),
        }
    }
    match api_keys::create(&state, &caller, new, once.as_ref()).await {
        Ok((key, text)) => Ok(created(key, Some(text))),
        Err(error) => {
            if let Some(claim) = &once {
                state.store.release(claim).await;
            }
            Err(error.into())
        }
    }
}

fn created(key: store::api_keys::ApiKey, text: Option<SecretString>) -> Response {
    let body = CreatedApiKey { api_key: key.into(), key: text };
    (StatusCode::CREATED, [NO_STORE], axum::Json(body)).into_response()
}

/// Tells again of the key that the first request made, without its text, which nobody has but its caller.
async fn replay(state: &State, account_id: AccountId, resource_id: &str) -> Result<Response, Problem> {
    let id = resource_id.parse().map_err(Problem::internal)?;
    let key = state.store.find_api_key_of(account_id, id).await?;
    let mut response = created(key.ok_or_else(|| Problem::new(Code::NotFound))?, None);
    response.headers_mut().insert(IDEMPOTENT_REPLAYED.0, IDEMPOTENT_REPLAYED.1);
    Ok(response)
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = query.check()?;
    // One more than the page holds tells whether there is another page.
    let keys = api_keys::list(&state, caller.account_id, page.after, page.limit + 1).await?;
    Ok(axum::Json(Page::cut(keys, page.limit, store::api_keys::ApiKey::position).map(ApiKey::from)))
}

pub(super) async fn revoke(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiKey>,
) -> Result<StatusCode, Problem> {
    api_keys::revoke(&state, caller.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
