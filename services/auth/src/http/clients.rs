//! `/api/v1/clients`, `/api/v1/clients/sign-up`, `/api/v1/clients/{id}` and `…/{id}/rotate`.

pub(super) mod certificates;

use axum::{
    Extension, extract,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::client_keys::SignatureAlgorithm;
use prosopa_http::{Caller, IdempotencyKey, Json, Page, PageQuery, PathId, Query};
use prosopa_model::{ApiClientId, Scopes, Timestamp, id};
use prosopa_problem::{Code, Problem};
use prosopa_runtime::{Network, PeerAddress};

use super::{
    NO_STORE,
    api_keys::default_grace_seconds,
    expose_option,
    once::{self, Once},
};
use crate::{
    clients::{self, Made, sign_up},
    grants::NewGrant,
    state::State,
    store,
};

/// A client that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiClient {
    /// What the client is, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "onboarding back end")]
    name: String,
    /// Among `faces:read`, `faces:write`, `images:read`, `account:read`, `account:write`, `admin`; at most the caller's own.
    /// If absent: all of the caller's but `account:write` and `admin`; of a client that signs itself up, all but `admin`.
    #[schema(value_type = Option<Vec<String>>, example = json!(["faces:read", "faces:write"]))]
    scopes: Option<Scopes>,
    /// `hmac-sha256`, with a secret key that is made here, or `ed25519`, with a key pair of the client's own.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "hmac-sha256", example = "hmac-sha256")]
    algorithm: Algorithm,
    /// With `ed25519`, and only then: the public key, 32 bytes in base64, or PEM (`-----BEGIN PUBLIC KEY-----`).
    #[schema(example = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")]
    public_key: Option<String>,
    /// When the client stops working; never if absent.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00Z")]
    expires_at: Option<Timestamp>,
}

/// How a client signs (RFC 9421, section 6.2).
#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum Algorithm {
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "ed25519")]
    Ed25519,
}

/// How a client gets another key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiClientRotation {
    /// How long the present key goes on working, up to 604,800 s (a week); 0 ends it at once; a day if absent.
    #[serde(default = "default_grace_seconds")]
    #[schema(minimum = 0, maximum = 604_800, default = 86_400, example = 3_600)]
    grace_seconds: u64,
    /// The next public key of a client that signs with `ed25519`, and only of such a one.
    #[schema(example = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")]
    public_key: Option<String>,
}

/// A program that signs its requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiClient {
    /// The client.
    #[schema(value_type = String, example = "cli_01h455vb4pex5vsknk084sn02q")]
    id: ApiClientId,
    /// What it is.
    #[schema(example = "onboarding back end")]
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["faces:read", "faces:write"]))]
    scopes: Scopes,
    /// `hmac-sha256` or `ed25519`.
    #[schema(example = "hmac-sha256")]
    algorithm: &'static str,
    /// What it may sign with, the newest first: one key, or two for a while after a rotation.
    keys: Vec<ApiClientKey>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
    /// When it stops working; null: never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00.000000Z")]
    expires_at: Option<Timestamp>,
    /// When it was last used, some seconds late; null: never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    last_used_at: Option<Timestamp>,
    /// Whether it works now: a client that has expired does not.
    is_active: bool,
}

/// A key of a client, without what is secret of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiClientKey {
    /// Names the key: the `keyid` of signatures.
    #[schema(example = "psa_01h455vb4pex5vsknk084sn02q")]
    access_key: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-02T03:04:05.000006Z")]
    created_at: Timestamp,
    /// When it stops working, since there is a newer one; null: with its client.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-03T03:04:05.000006Z")]
    ends_at: Option<Timestamp>,
}

/// A client with the key that was made for it just now.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiClient {
    /// The client.
    client: ApiClient,
    /// Names the key: the `keyid` of signatures.
    #[schema(example = "psa_01h455vb4pex5vsknk084sn02q")]
    access_key: String,
    /// What to sign with, as it is written here. It cannot be shown again: absent where the request was sent again with its
    /// `Idempotency-Key`, and with `ed25519`.
    #[serde(serialize_with = "expose_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "pss_01h455vb4pex5vsknk084sn02q_7Qm0vXcN2bLk9TfYzR4wHs6JdGp1aUeVi8oCtMxBqEn_5b1e6f0a")]
    secret_key: Option<SecretString>,
}

impl From<NewApiClient> for clients::NewClient {
    fn from(new: NewApiClient) -> Self {
        Self {
            grant: NewGrant { name: new.name, scopes: new.scopes, expires_at: new.expires_at },
            algorithm: match new.algorithm {
                Algorithm::HmacSha256 => SignatureAlgorithm::HmacSha256,
                Algorithm::Ed25519 => SignatureAlgorithm::Ed25519,
            },
            public_key: new.public_key,
        }
    }
}

impl ApiClient {
    fn new(client: store::clients::ApiClient, now: Timestamp) -> Self {
        let key = |key: clients::ShownKey| ApiClientKey {
            access_key: key.access_key.to_string(),
            created_at: key.created_at,
            ends_at: key.ends_at,
        };
        Self {
            algorithm: client.algorithm.0.as_str(),
            keys: client.keys(now).into_iter().map(key).collect(),
            is_active: client.is_active(now),
            id: client.id,
            name: client.name,
            scopes: client.scopes,
            created_at: client.created_at,
            expires_at: client.expires_at,
            last_used_at: client.last_used_at,
        }
    }
}

pub(super) async fn create(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    idempotency_key: Option<IdempotencyKey>,
    Json(new): Json<NewApiClient>,
) -> Result<Response, Problem> {
    let new = clients::NewClient::from(new);
    let request = idempotency_key.map(|key| clients::keyed(&caller, key.as_bytes(), &new));
    let claim = match once::claim(&state, request).await? {
        Once::Do(claim) => claim,
        Once::Done(id) => return replay(&state, StatusCode::CREATED, &id).await,
    };
    let made = clients::create(&state, &caller, new, claim.as_ref()).await;
    let made = once::settle(&state, claim.as_ref(), made).await?;
    Ok(shown(&state, StatusCode::CREATED, made))
}

pub(super) async fn sign_up(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    idempotency_key: Option<IdempotencyKey>,
    Json(new): Json<NewApiClient>,
) -> Result<Response, Problem> {
    let new = clients::NewClient::from(new);
    let network = Network::of(peer.map(|Extension(peer)| peer));
    let request = idempotency_key.map(|key| sign_up::keyed(&state, &network, key.as_bytes(), &new));
    let claim = match once::claim(&state, request).await? {
        Once::Do(claim) => claim,
        Once::Done(id) => return replay(&state, StatusCode::CREATED, &id).await,
    };
    let made = sign_up::sign_up(&state, new, &network, claim.as_ref()).await;
    let made = once::settle(&state, claim.as_ref(), made).await?;
    Ok(shown(&state, StatusCode::CREATED, made))
}

pub(super) async fn rotate(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiClient>,
    idempotency_key: Option<IdempotencyKey>,
    Json(ApiClientRotation { grace_seconds, public_key }): Json<ApiClientRotation>,
) -> Result<Response, Problem> {
    let public_key = public_key.as_deref();
    let request = idempotency_key
        .map(|key| clients::keyed_rotation(&caller, key.as_bytes(), id, grace_seconds, public_key));
    let claim = match once::claim(&state, request).await? {
        Once::Do(claim) => claim,
        Once::Done(id) => return replay(&state, StatusCode::OK, &id).await,
    };
    let made = clients::rotate(&state, &caller, id, grace_seconds, public_key, claim.as_ref()).await;
    let made = once::settle(&state, claim.as_ref(), made).await?;
    Ok(shown(&state, StatusCode::OK, made))
}

fn shown(state: &State, status: StatusCode, Made { client, secret_key }: Made) -> Response {
    let access_key = client.access_key.to_string();
    let client = ApiClient::new(client, state.clock.now());
    (status, [NO_STORE], axum::Json(MadeApiClient { client, access_key, secret_key })).into_response()
}

/// Tells again of the client that the first request made, without its secret key, which nobody has but its caller.
async fn replay(state: &State, status: StatusCode, id: &str) -> Result<Response, Problem> {
    let id = id.parse().map_err(Problem::internal)?;
    let client = state.store.find_client(id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(prosopa_http::replayed(shown(state, status, Made { client, secret_key: None })))
}

pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiClient>,
) -> Result<impl IntoResponse, Problem> {
    let client = clients::find(&state, caller.account_id, id).await?;
    Ok(axum::Json(ApiClient::new(client, state.clock.now())))
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Query(query): Query<PageQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = query.check()?;
    // One more than the page holds tells whether there is another page.
    let clients = clients::list(&state, caller.account_id, page.after, page.limit + 1).await?;
    let now = state.clock.now();
    let page = Page::cut(clients, page.limit, store::clients::ApiClient::position);
    Ok(axum::Json(page.map(|client| ApiClient::new(client, now))))
}

pub(super) async fn revoke(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    PathId(id): PathId<id::ApiClient>,
) -> Result<StatusCode, Problem> {
    clients::revoke(&state, caller.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
