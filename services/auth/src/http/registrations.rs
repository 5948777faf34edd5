//! `POST /api/v1/auth/register` and, for who does not wait, `/api/v1/auth/registrations/{id}`.

use std::time::Duration;

use axum::{
    Extension, extract,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_http::{IdempotencyKey, Json, PathId, Preferences, accepted, key_in_use, key_reused, replayed};
use prosopa_jobs::JobStatus;
use prosopa_model::{RegistrationId, UserId, id};
use prosopa_problem::{Code, Problem};
use prosopa_runtime::{Network, PeerAddress};
use prosopa_store::idempotency::{KeyedRequest, Known};

use super::{NO_STORE, expose, users::User};
use crate::{
    registrations::{self, Enqueued, Progress},
    state::State,
};

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

/// A registration that is in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedRegistration {
    /// Its id; the outcome is at `/api/v1/auth/registrations/{id}`.
    #[schema(value_type = String, example = "reg_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    id: RegistrationId,
    /// Whoever has it may ask for the outcome, with `Authorization: Bearer`. It is shown to this request only, and again where
    /// that is sent again with its `Idempotency-Key`.
    #[schema(value_type = String)]
    #[serde(serialize_with = "expose")]
    secret: SecretString,
    /// Where it stands.
    #[schema(example = "queued")]
    status: &'static str,
}

/// Where a registration stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegistrationProgress {
    /// The registration's id.
    #[schema(value_type = String)]
    id: RegistrationId,
    /// `queued`, `processing`, `completed` or `failed`.
    #[schema(example = "completed")]
    status: &'static str,
    /// A sentence about it.
    #[schema(example = "the user was registered")]
    remark: String,
    /// The code of the problem it failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The user that it made.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// How many are in turn before it, while it is in the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0)]
    position: Option<u64>,
}

impl RegistrationProgress {
    /// As it is told to whoever has the secret.
    pub(super) fn new(id: RegistrationId, progress: Progress, position: Option<u64>) -> Self {
        let Progress { job, user_id } = progress;
        let remark = job.remark.unwrap_or_else(|| remark(job.status).to_owned());
        Self { id, status: job.status.as_str(), remark, code: job.problem_code, user_id, position }
    }
}

/// Longest that somebody is kept waiting for the outcome.
const WAIT_MAX: Duration = Duration::from_secs(10);

pub(super) async fn register(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    preferences: Preferences,
    idempotency_key: Option<IdempotencyKey>,
    Json(registration): Json<Registration>,
) -> Result<Response, Problem> {
    let Registration { user_name, email, password, api_request_quota } = registration;
    let registration = registrations::Registration { user_name, email, password, api_request_quota };
    let wait = preferences.wait_at_most(WAIT_MAX);
    let network = Network::of(peer.map(|Extension(peer)| peer));
    let request = idempotency_key
        .map(|key| registrations::keyed(&state, &network, key.as_bytes(), &registration, !wait.is_zero()));
    let telling = Telling { state: &state, request, preferences };
    let mut once = None;
    if let Some(request) = telling.request.clone() {
        match state.store.claim(request, state.clock.now()).await? {
            Known::New(claim) => once = Some(claim),
            Known::Done { resource_id } => return telling.again(&resource_id).await,
            Known::OtherRequest => return Err(key_reused()),
            Known::Running => return Err(key_in_use()),
        }
    }
    match registrations::enqueue(&state, &registration, once.as_ref(), wait).await {
        Ok(enqueued) => telling.tell(enqueued).await,
        Err(error) => {
            if let Some(claim) = &once {
                state.store.release(claim).await;
            }
            Err(error.into())
        }
    }
}

/// How the outcome of a registration is told to who sent it.
struct Telling<'a> {
    state: &'a State,
    /// The request, if it has a key.
    request: Option<KeyedRequest>,
    preferences: Preferences,
}

impl Telling<'_> {
    /// Tells what there is to tell. What has been told is forgotten, unless a key may ask for it again.
    async fn tell(&self, Enqueued { id, secret, progress }: Enqueued) -> Result<Response, Problem> {
        if let Some(user_id) = progress.user_id.filter(|_| self.is_awaited()) {
            if self.request.is_none() {
                registrations::forget(self.state, id, None).await?;
            }
            let user = self.state.store.find_user(user_id).await?;
            let user = user.ok_or_else(|| Problem::new(Code::NotFound))?;
            let location = (header::LOCATION, "/api/v1/users/me");
            return Ok((StatusCode::CREATED, [location], axum::Json(User::from(user))).into_response());
        }
        if self.is_awaited() && progress.job.status == JobStatus::Failed {
            // Nothing was made: with the same key it may be tried again.
            registrations::forget(self.state, id, self.request.as_ref()).await?;
            let code = progress.job.problem_code.as_deref().and_then(Code::find).unwrap_or(Code::Internal);
            return Err(Problem::new(code));
        }
        let location = format!("/api/v1/auth/registrations/{id}");
        let body = QueuedRegistration { id, secret, status: progress.job.status.as_str() };
        let mut response = accepted(&location, self.preferences, body)?;
        response.headers_mut().insert(NO_STORE.0, HeaderValue::from_static(NO_STORE.1));
        Ok(response)
    }

    /// Tells of what the first request with the key has made.
    async fn again(&self, resource_id: &str) -> Result<Response, Problem> {
        let id = resource_id.parse().map_err(Problem::internal)?;
        let enqueued = registrations::recall(self.state, id).await?;
        if self.is_awaited() && !enqueued.progress.job.status.is_finished() {
            return Err(key_in_use());
        }
        Ok(replayed(self.tell(enqueued).await?))
    }

    fn is_awaited(&self) -> bool {
        !self.preferences.wait_at_most(WAIT_MAX).is_zero()
    }
}

pub(super) async fn show(
    extract::State(state): extract::State<State>,
    PathId(id): PathId<id::Registration>,
    headers: HeaderMap,
) -> Result<axum::Json<RegistrationProgress>, Problem> {
    let progress = registrations::find(&state, id, &secret_of(&headers)?).await?;
    let position = match progress.job.status {
        JobStatus::Queued => state.jobs.count_ahead(progress.job.id).await?,
        _ => None,
    };
    Ok(axum::Json(RegistrationProgress::new(id, progress, position)))
}

pub(super) async fn delete(
    extract::State(state): extract::State<State>,
    PathId(id): PathId<id::Registration>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    registrations::delete(&state, id, &secret_of(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who brings no secret is answered like who brings a wrong one.
fn secret_of(headers: &HeaderMap) -> Result<SecretString, Problem> {
    bearer_secret(headers).ok_or_else(|| Problem::new(Code::NotFound))
}

/// The bearer token of a request.
pub(super) fn bearer_secret(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().to_owned().into())
}

const fn remark(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "the registration waits for its turn",
        JobStatus::Processing => "the registration is in processing",
        JobStatus::Completed => "the user was registered",
        JobStatus::Failed => "the registration failed",
        JobStatus::Cancelled => "the registration was called off",
    }
}
