use http::{Method, StatusCode};

use crate::harness::{Call, Gateway, fast, user};

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let gateway = Gateway::start(fast()).await;
    gateway.send(Call::get("/api/v1/nothing")).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let gateway = Gateway::start(fast()).await;
    for (method, path, allow) in [
        (Method::PUT, "/api/v1/things", "GET, HEAD, POST"),
        (Method::POST, "/api/v1/things/1", "DELETE, GET, HEAD"),
        (Method::GET, "/api/v1/upload", "POST"),
        (Method::HEAD, "/api/v1/upload", "POST"),
        (Method::OPTIONS, "/api/v1/things", "GET, HEAD, POST"),
        (Method::from_bytes(b"BREW").unwrap(), "/api/v1/upload", "POST"),
    ] {
        let answer = gateway.send(Call::new(method.clone(), path)).await;
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        if method != Method::HEAD {
            answer.expect_problem(405, "method-not-allowed");
        }
    }
}

/// What looks like a path and is none matches no operation at all.
#[tokio::test]
async fn tricks_with_paths_match_nothing() {
    let gateway = Gateway::start(fast()).await;
    for path in [
        "/api/v1/things/",
        "/api/v1/things/1/",
        "/api/v1//things",
        "//api/v1/things/1",
        "/api/v1/things//content",
        "/api/v1/things/1%2Fcontent",
        "/api/v1/things%2F1",
        "/api/v1/things/%2e%2e",
        "/api/v1/things/../things/1",
        "/api/v1/things/./1",
        "/api/v1/things/..",
        "/api/v1/things/1%252Fcontent",
        "/api/v1/things/%2e%2e%2fthings",
        "/api/v1/%74hings/1",
        "/api/v1/things/1;a=b",
        "/api/v1/things/1\\content",
        "/api/v1/things/1%00",
        "/API/v1/things/1",
        "*",
    ] {
        gateway.send(Call::get(path)).await.expect_problem(404, "not-found");
    }
    let plain = gateway.send(Call::get("/api/v1/things/1?x=%2F..")).await;
    assert_eq!(plain.json()["id"], "1");
    let absolute = gateway.send(Call::get("http://elsewhere.example/api/v1/things/1")).await;
    assert_eq!(absolute.json()["id"], "1");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let get = gateway.send(Call::get("/api/v1/things/1")).await;
    let head = gateway.send(Call::new(Method::HEAD, "/api/v1/things/1")).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("content-type"), "application/json");
    assert!(head.body.is_empty());
    let missing = gateway.send(Call::new(Method::HEAD, "/api/v1/nothing")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.body.is_empty());
    let protected = gateway.send(Call::new(Method::HEAD, "/api/v1/things")).await;
    assert_eq!(protected.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_careful_headers() {
    let gateway = Gateway::start(fast()).await;
    for path in ["/api/v1/things/1", "/api/v1/nothing"] {
        let call = Call::get(path).header("x-request-id", "req_of_the_client");
        let answer = gateway.send(call).await;
        assert!(answer.header("x-request-id").parse::<prosopa_model::RequestId>().is_ok());
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    }
}
