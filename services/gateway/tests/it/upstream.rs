//! A service behind the gateway that tells what it was given.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Extension,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use prosopa_http::{BodyBytes, Caller, CallerEnded, Endpoints, Operation};
use prosopa_model::{Meter, Scope};
use prosopa_problem::{Code, Problem};
use prosopa_runtime::{Backend, Upstream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use utoipa::{IntoParams, ToSchema};

/// Time for an operation that never ends: enough to reach it, however busy the machine.
const HANG: std::time::Duration = std::time::Duration::from_secs(2);

/// How many requests reached the service, how many it has done, and how many were dropped in its hands.
#[derive(Clone, Default)]
pub(crate) struct Probe {
    pub(crate) arrivals: Arc<AtomicUsize>,
    pub(crate) committed: Arc<AtomicUsize>,
    pub(crate) arrived: Arc<Notify>,
    pub(crate) may_answer: Arc<Notify>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Thing {
    name: String,
}

/// What notes may be told about.
#[derive(Deserialize, IntoParams)]
#[expect(dead_code, reason = "only declared")]
struct NoteQuery {
    /// How many.
    limit: Option<u32>,
    /// What is looked for.
    q: Option<String>,
}

pub(crate) fn things(probe: Probe) -> Upstream {
    let endpoints = endpoints();
    let operations = endpoints.into_operations();
    let router = self::endpoints().into_router(probe);
    Upstream {
        service: "things",
        description: "Things for tests",
        operations,
        backend: Backend::Mounted(router),
    }
}

fn endpoints() -> Endpoints<Probe> {
    let metered = |id, path| Operation::post(id, path).scope(Scope::FacesWrite).metered(1);
    Endpoints::new()
        .add(
            metered("create_thing", "/api/v1/things")
                .body_bytes_max(64)
                .json_answer::<Thing>(StatusCode::CREATED, "it"),
            create_thing,
        )
        .add(Operation::get("list_things", "/api/v1/things").scope(Scope::FacesRead), list_things)
        .add(Operation::get("watch_caller", "/api/v1/watched").scope(Scope::FacesRead), watch_caller)
        .add(
            metered("create_bundle", "/api/v1/things/bundles").metered(5).counting(Meter::Images, 3),
            create_thing,
        )
        .add(metered("create_some", "/api/v1/things/some/{done}").metered(5), create_some)
        .add(Operation::get("get_thing", "/api/v1/things/{id}"), get_thing)
        .add(Operation::delete("delete_thing", "/api/v1/things/{id}").scope(Scope::FacesWrite), get_thing)
        .add(Operation::post("sign_in", "/api/v1/sign-in").body_bytes_max(64).same_origin(), upload)
        .add(Operation::get("get_well_known", "/.well-known/thing.json"), well_known)
        .add(
            Operation::post("note", "/api/v1/notes")
                .scope(Scope::FacesWrite)
                .json_request::<Thing>()
                .query::<NoteQuery>(),
            note,
        )
        .add(
            Operation::post("note_secretly", "/api/v1/secret-notes")
                .scope(Scope::FacesWrite)
                .body_bytes_max(64_000)
                .secret_content(),
            note,
        )
        .add(Operation::get("get_content", "/api/v1/things/{id}/content"), get_thing)
        .add(Operation::post("upload", "/api/v1/upload").body_bytes_max(16), upload)
        .add(metered("ignore_errors", "/api/v1/ignored-errors").body_bytes_max(64), ignore_errors)
        .add(metered("answer_with", "/api/v1/answers/{status}"), answer_with)
        .add(metered("hang", "/api/v1/hang").deadline(HANG), hang)
        .add(metered("wait", "/api/v1/wait"), wait)
        .add(metered("refuse_late", "/api/v1/late-refusals"), refuse_late)
        .add(metered("panic", "/api/v1/panic"), panic)
}

fn told(caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Value {
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    json!({
        "account_id": caller.0.account_id,
        "quota": caller.0.quota,
        "headers": names,
        "bytes": body.len(),
    })
}

async fn create_thing(
    axum::extract::State(probe): axum::extract::State<Probe>,
    caller: Caller,
    headers: HeaderMap,
    body: BodyBytes,
) -> impl IntoResponse {
    probe.committed.fetch_add(1, Ordering::SeqCst);
    (StatusCode::CREATED, axum::Json(told(&caller, &headers, &body.0)))
}

/// Answers well, whatever comes.
async fn ignore_errors(body: Body) -> impl IntoResponse {
    let _ = body.collect().await;
    StatusCode::CREATED
}

async fn list_things(caller: Caller, headers: HeaderMap) -> impl IntoResponse {
    axum::Json(told(&caller, &headers, b""))
}

/// Answers when the caller has ended.
async fn watch_caller(caller: Option<Extension<CallerEnded>>) -> &'static str {
    let Some(Extension(caller)) = caller else { return "unwatched" };
    caller.ended().await;
    "ended"
}

async fn get_thing(Path(id): Path<String>, headers: HeaderMap) -> impl IntoResponse {
    let cookies = headers.get("cookie").map(|cookies| cookies.to_str().unwrap());
    axum::Json(
        json!({ "id": id, "has_credentials": headers.contains_key("authorization"), "cookies": cookies }),
    )
}

async fn well_known() -> impl IntoResponse {
    axum::Json(json!({ "is": "known" }))
}

/// Answers with what it was told, and with a secret.
async fn note(body: BodyBytes) -> Response {
    match serde_json::from_slice::<Value>(&body.0) {
        Ok(said) => axum::Json(json!({ "said": said, "api_key": "SECRET" })).into_response(),
        Err(_) => Problem::invalid("/name", "must be a name").into_response(),
    }
}

/// Does a part of what it counts as.
async fn create_some(Path(done): Path<u64>) -> impl IntoResponse {
    let mut response = StatusCode::CREATED.into_response();
    prosopa_http::set_units_done(response.headers_mut(), done);
    response
}

async fn upload(body: BodyBytes) -> impl IntoResponse {
    axum::Json(json!({ "bytes": body.0.len() }))
}

async fn answer_with(Path(status): Path<u16>) -> Response {
    match status {
        422 => Problem::new(Code::ImageUndecodable).into_response(),
        status => StatusCode::from_u16(status).unwrap().into_response(),
    }
}

async fn hang() {
    std::future::pending().await
}

async fn wait(axum::extract::State(probe): axum::extract::State<Probe>) {
    probe.arrivals.fetch_add(1, Ordering::SeqCst);
    probe.arrived.notify_one();
    std::future::pending().await
}

async fn refuse_late(axum::extract::State(probe): axum::extract::State<Probe>) -> Problem {
    probe.arrived.notify_one();
    probe.may_answer.notified().await;
    Problem::new(Code::ImageUndecodable)
}

async fn panic() {
    panic!("a thing fell over")
}
