//! Whether a service is in this process or another one, callers cannot tell.

use http::{Method, StatusCode};
use prosopa_runtime::{Backend, Upstream};
use prosopa_testkit::{TestHome, keep_log, take_log};
use serde_json::Value;

use super::{RemoteService, at};
use crate::{
    harness::{Answer, Call, Gateway, fast, user},
    signed::Scene,
    upstream::{Probe, things},
};

/// What a caller sees, but for what differs between any two answers.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let is_of_one_answer = |name: &str| ["x-request-id", "date", "content-length"].contains(&name);
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !is_of_one_answer(name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort_unstable();
    let mut body = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&answer.body).into_owned()));
    if let Some(id) = body.get_mut("request_id") {
        assert_eq!(id.as_str(), Some(answer.header("x-request-id")));
        *id = Value::Null;
    }
    // Requests that come over a connection have these.
    if let Some(names) = body.get_mut("headers").and_then(Value::as_array_mut) {
        let of_the_hop = ["content-length", "host"];
        names.retain(|name| !of_the_hop.contains(&name.as_str().unwrap()));
    }
    (answer.status.as_u16(), headers, body)
}

fn calls() -> Vec<Call> {
    let token = |call: Call| call.bearer("token");
    let mut calls = vec![
        Call::get("/api/v1/things/1"),
        Call::get("/api/v1/things/1?x=y&x=%2F"),
        Call::get("/api/v1/things/1").header("cookie", "a=b; c=d"),
        Call::new(Method::HEAD, "/api/v1/things/1"),
        Call::new(Method::DELETE, "/api/v1/things/1"),
        token(Call::new(Method::DELETE, "/api/v1/things/1")),
        Call::get("/api/v1/things"),
        token(Call::get("/api/v1/things").header("accept-language", "de")),
        token(Call::post("/api/v1/things").body("content")),
        token(Call::post("/api/v1/things").body("x".repeat(65))),
        token(Call::post("/api/v1/things/bundles")),
        Call::post("/api/v1/upload").body("content"),
        Call::post("/api/v1/upload").header("content-length", "17").body("x".repeat(17)),
        Call::post("/api/v1/upload").body(axum::body::Body::from_stream(futures::stream::iter(
            ["x".repeat(10), "x".repeat(10)].map(Ok::<_, std::io::Error>),
        ))),
        token(Call::post("/api/v1/panic")),
        token(Call::post("/api/v1/hang")),
        Call::get("/api/v1/nothing"),
        Call::post("/api/v1/things/1"),
    ];
    calls.extend(
        [200, 204, 303, 400, 404, 409, 422, 500, 503]
            .map(|status| token(Call::post(&format!("/api/v1/answers/{status}")))),
    );
    calls
}

/// A gateway before the things in another process, and what reaches them.
async fn start_things() -> (Gateway, RemoteService) {
    let (home, probe) = (TestHome::new(), Probe::default());
    let Backend::Mounted(router) = things(probe.clone()).backend else { panic!("a router") };
    let service = RemoteService::start(&home, "things", router).await;
    let upstream = Upstream { backend: at(service.address).backend, ..things(Probe::default()) };
    let mut gateway = Gateway::start_before(home, fast(), upstream).await;
    gateway.probe = probe;
    (gateway, service)
}

/// N10, S4: status, headers, bodies, quota and what is counted are the same both ways.
#[tokio::test]
async fn callers_cannot_tell_where_a_service_runs() {
    let caller = user();
    let mounted = Gateway::start(fast()).await;
    let (remote, _service) = start_things().await;
    for gateway in [&mounted, &remote] {
        gateway.know("token", &caller);
    }
    for (one, other) in calls().into_iter().zip(calls()) {
        let shown = format!("{} {}", one.request.method(), one.request.uri());
        let (one, other) = (mounted.send(one).await, remote.send(other).await);
        assert_eq!(seen(&one), seen(&other), "{shown}");
    }
    let counted = |gateway: &Gateway| -> Vec<String> {
        let metrics = gateway.platform.metrics.render();
        // What the service refuses by falling over, it refuses itself where it has a process of its own.
        let is_told = |line: &&str| line.starts_with("prosopa_gateway_requests_total");
        metrics.lines().filter(is_told).map(str::to_owned).collect()
    };
    assert_eq!(counted(&mounted), counted(&remote));
}

/// K2: content that is not the one that was signed comes to nothing in another process either.
#[tokio::test]
async fn false_content_is_not_committed_elsewhere() {
    let (gateway, _service) = start_things().await;
    let scene = Scene::around(gateway);
    let signed = || scene.signed("a thing");
    for (case, message) in [
        ("of the same length", signed().with_body("b thing")),
        ("truncated", signed().set("Content-Length", "3").with_body("a t")),
        ("one chunk more", signed().in_chunks(&["a thing", "!"])),
        ("one chunk less", signed().in_chunks(&["a thi"])),
        ("no chunk", signed().in_chunks(&[])),
    ] {
        scene.expect_refused(case, &scene.send(&message).await);
    }
    assert_eq!(scene.gateway.used("token").await, (0, 0), "it costs nothing");
    assert_eq!(scene.send(&signed()).await.status, StatusCode::CREATED);
    assert_eq!(scene.send(&signed().in_chunks(&["a ", "thing"])).await.status, StatusCode::CREATED);
    assert_eq!(scene.committed(), 2);
}

/// S12: the log has the code of a problem though its document was made elsewhere, and no client sees how.
#[tokio::test]
async fn the_code_of_a_problem_is_known_to_the_gateway() {
    let (gateway, _service) = start_things().await;
    gateway.know("token", &user());
    keep_log();
    let answer = gateway.send(Call::post("/api/v1/answers/422").bearer("token")).await;
    answer.expect_problem(422, "image-undecodable");
    assert_eq!(answer.header("prosopa-problem-code"), "(absent)");
    let log = take_log();
    let line =
        log.lines().find(|line| line.contains("request answered") && line.contains("things_answer_with"));
    assert!(line.is_some_and(|line| line.contains("image-undecodable")), "{log}");
}
