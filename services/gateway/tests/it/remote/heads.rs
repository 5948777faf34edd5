//! What a service in another process learns of a request, and what of its answer comes back.

use http::{Method, StatusCode};
use prosopa_model::Principal;
use serde_json::Value;

use super::{connect, read_head, start};
use crate::harness::{Call, fast, user};

/// S4: the service knows the caller, with the quota as the gateway saw it, by a token for itself.
#[tokio::test]
async fn the_principal_arrives_signed_and_is_believed() {
    let (gateway, _service) = start(fast()).await;
    let user = user();
    gateway.know("token", &user);
    for spent in 1..=3 {
        let answer = gateway.send(Call::post("/api/v1/mirror/metered").bearer("token")).await;
        assert_eq!(answer.status, StatusCode::OK);
        let head = answer.json();
        let principal: Principal = serde_json::from_value(head["principal"].clone()).unwrap();
        assert_eq!(principal.quota.as_ref().unwrap().windows[0].used, spent, "as fresh as the request");
        assert_eq!(Principal { quota: None, ..principal }, user);
        for name in ["authorization", "prosopa-principal", "prosopa-quota"] {
            assert_eq!(head["headers"][name], Value::Null, "{name}");
        }
    }
}

/// S4: what the gateway knows of the client, the service knows; nothing of it can be made up.
#[tokio::test]
async fn the_client_is_who_the_gateway_says() {
    let (gateway, _service) = start(fast()).await;
    let call = Call::get("/api/v1/mirror/head?x=%2F..")
        .via("2001:db8::7")
        .header("prosopa-client-address", "203.0.113.9:1")
        .header("prosopa-request-id", "req_01h455vb4pex5vsknk084sn02q")
        .header("prosopa-principal", "forged")
        .header("prosopa-anything", "else")
        .header("forwarded", "for=203.0.113.9")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("x-real-ip", "203.0.113.9");
    let answer = gateway.send(call).await;
    assert_eq!(answer.status, StatusCode::OK);
    let head = answer.json();
    assert_eq!(head["target"], "/api/v1/mirror/head?x=%2F..");
    assert_eq!(head["peer"], "[2001:db8::7]:50000");
    assert_eq!(head["request_id"], answer.header("x-request-id"));
    assert_eq!(head["principal"], Value::Null);
    let headers = head["headers"].as_object().unwrap();
    let names: Vec<&str> = headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["host"], "and nothing else");
}

/// What concerns the client's connection is not for the service, even where the client names it so.
#[tokio::test]
async fn headers_of_one_connection_end_there() {
    let (gateway, _service) = start(fast()).await;
    let call = Call::new(Method::DELETE, "/api/v1/mirror/things/1")
        .header("host", "app.example.org:8443")
        .header("connection", "keep-alive, X-Mine,prosopa-client-address, host")
        .header("connection", "upgrade")
        .header("x-mine", "1")
        .header("upgrade", "h2c")
        .header("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA")
        .header("keep-alive", "timeout=5")
        .header("te", "trailers")
        .header("trailer", "x-late")
        .header("proxy-authorization", "Basic eDp5")
        .header("proxy-connection", "keep-alive")
        .header("expect", "100-continue")
        .header("accept", "text/plain")
        .header("accept", "application/json")
        .header("cookie", "a=b; c=d")
        .header("cookie", "e=f");
    let head = gateway.send(call).await.json();
    assert_eq!(head["method"], "DELETE");
    let headers = head["headers"].as_object().unwrap();
    let names: Vec<&str> = headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["accept", "cookie", "host"]);
    assert_eq!(headers["cookie"], serde_json::json!(["a=b; c=d; e=f"]), "in one field");
    assert_eq!(headers["host"], serde_json::json!(["app.example.org:8443"]));
    assert_eq!(headers["accept"], serde_json::json!(["text/plain", "application/json"]));
    assert_eq!(head["peer"], "192.0.2.1:50000");
}

/// What a listener takes of a client, the service's listener takes of the gateway, token and quota included.
#[tokio::test]
async fn the_largest_head_passes() {
    let (gateway, _service) = start(fast()).await;
    gateway.know("token", &user());
    let large = "x".repeat(31 * 1024);
    let head = format!(
        "GET /api/v1/mirror/own-head HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nX-Large: {large}\r\n\r\n"
    );
    let mut client = connect(&gateway, &head).await;
    let answer = read_head(&mut client).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

/// The host in the target is the host, however the request came.
#[tokio::test]
async fn the_host_of_the_target_arrives_as_the_host() {
    let (gateway, _service) = start(fast()).await;
    let absolute = gateway.send(Call::get("http://app.example.org/api/v1/mirror/head")).await.json();
    assert_eq!(absolute["headers"]["host"], serde_json::json!(["app.example.org"]));
    assert_eq!(absolute["target"], "/api/v1/mirror/head");
    let twice = Call::get("http://app.example.org/api/v1/mirror/head").header("host", "other.example.org");
    let twice = gateway.send(twice).await.json();
    assert_eq!(twice["headers"]["host"], serde_json::json!(["mirror"]), "two hosts are none");
}

/// S4: a service that is not there is said to be away, and costs nothing.
#[tokio::test]
async fn a_service_that_is_away_is_unavailable() {
    let (gateway, service) = start(fast()).await;
    gateway.know("token", &user());
    let answer = gateway.send(Call::post("/api/v1/mirror/metered").bearer("token")).await;
    assert!(answer.header("ratelimit").contains("\"day\";r=99;"), "{}", answer.header("ratelimit"));
    service.stop().await;
    let refused = gateway.send(Call::post("/api/v1/mirror/metered").bearer("token")).await;
    refused.expect_problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.header("ratelimit").contains("\"day\";r=99;"), "{}", refused.header("ratelimit"));
}
