//! `/api/v1/auth/api-keys`, `/api/v1/auth/api-keys/{id}` and `…/{id}/rotate`.

pub(super) mod leaked;

use axum::{
    extract,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::{Caller, IdempotencyKey, Json, Page, PageQuery, PathId, Query};
use prosopa_model::{ApiKeyId, Principal, Scopes, Timestamp, id};
use prosopa_problem::Problem;

use super::{
    NO_STORE, expose_option,
    once::{self, Once},
};
use crate::{api_keys, grants::NewGrant, state::State, store};

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
    /// Whether it works now: a key that has expired does not.
    is_active: bool,
    /// The secrets that open it, the newest first: one, or two for a while after a rotation.
    secrets: Vec<KeySecret>,
}

/// One secret of a key, which is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySecret {
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
    /// When it stops working, since there is a newer one; null: with its key.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-03T03:04:05.000006Z")]
    ends_at: Option<Timestamp>,
}

/// How a key gets another secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the present secret goes on working, up to 604,800 s (a week); 0 ends it at once; a day if absent.
    #[serde(default = "default_grace_seconds")]
    #[schema(minimum = 0, maximum = 604_800, default = 86_400, example = 3_600)]
    grace_seconds: u64,
}

/// Long enough for a deployment during office hours.
pub(super) const fn default_grace_seconds() -> u64 {
    24 * 60 * 60
}

/// An API key with the text that was made for it just now.
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

impl ApiKey {
    fn new(key: store::api_keys::ApiKey, now: Timestamp) -> Self {
        let secret =
            |secret: api_keys::Secret| KeySecret { created_at: secret.created_at, ends_at: secret.ends_at };
        Self {
            prefix: api_keys::prefix(key.id),
            is_active: key.is_active(now),
            secrets: key.secrets(now).into_iter().map(secret).collect(),
            id: key.id,
            name: key.name,
            scopes: key.scopes,
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
    let new = NewGrant { name: new.name, scopes: new.scopes, expires_at: new.expires_at };
    let request = idempotency_key.map(|key| api_keys::keyed(&caller, key.as_bytes(), &new));
    let claim = match once::claim(&state, request).await? {
        Once::Do(claim) => claim,
        Once::Done(id) => return replay(&state, &caller, StatusCode::CREATED, &id).await,
    };
    let made = api_keys::create(&state, &caller, new, claim.as_ref()).await;
    let (key, text) = once::settle(&state, claim.as_ref(), made).await?;
    Ok(shown(&state, StatusCode::CREATED, key, Some(text)))
}

pub(super) async fn rotate(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiKey>,
    idempotency_key: Option<IdempotencyKey>,
    Json(Rotation { grace_seconds }): Json<Rotation>,
) -> Result<Response, Problem> {
    let request =
        idempotency_key.map(|key| api_keys::keyed_rotation(&caller, key.as_bytes(), id, grace_seconds));
    let claim = match once::claim(&state, request).await? {
        Once::Do(claim) => claim,
        Once::Done(id) => return replay(&state, &caller, StatusCode::OK, &id).await,
    };
    let rotated = api_keys::rotate(&state, &caller, id, grace_seconds, claim.as_ref()).await;
    let (key, text) = once::settle(&state, claim.as_ref(), rotated).await?;
    Ok(shown(&state, StatusCode::OK, key, Some(text)))
}

fn shown(
    state: &State,
    status: StatusCode,
    key: store::api_keys::ApiKey,
    text: Option<SecretString>,
) -> Response {
    let body = CreatedApiKey { api_key: ApiKey::new(key, state.clock.now()), key: text };
    (status, [NO_STORE], axum::Json(body)).into_response()
}

/// Tells again of the key that the first request made, without its text, which nobody has but its caller.
async fn replay(
    state: &State,
    caller: &Principal,
    status: StatusCode,
    id: &str,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(Problem::internal)?;
    let key = api_keys::find(state, caller.account_id, id).await?;
    Ok(prosopa_http::replayed(shown(state, status, key, None)))
}

pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiKey>,
) -> Result<impl IntoResponse, Problem> {
    let key = api_keys::find(&state, caller.account_id, id).await?;
    Ok(axum::Json(ApiKey::new(key, state.clock.now())))
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = query.check()?;
    // One more than the page holds tells whether there is another page.
    let keys = api_keys::list(&state, caller.account_id, page.after, page.limit + 1).await?;
    let now = state.clock.now();
    let page = Page::cut(keys, page.limit, store::api_keys::ApiKey::position);
    Ok(axum::Json(page.map(|key| ApiKey::new(key, now))))
}

pub(super) async fn revoke(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiKey>,
) -> Result<StatusCode, Problem> {
    api_keys::revoke(&state, caller.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
