use prosopa_testkit::{keep_log, take_log};

use crate::harness::{Call, Gateway, fast, user};

/// One line a request that says what, whose, how long; no credential, no query.
#[tokio::test]
async fn requests_are_logged_once_without_secrets() {
    keep_log();
    let gateway = Gateway::start(fast()).await;
    let caller = user();
    gateway.know("psp_live_secret", &caller);
    let call = Call::get("/api/v1/things?face=hidden").bearer("psp_live_secret");
    let answer = gateway.send(call).await;
    gateway.send(Call::get("/api/v1/things").bearer("wrong_secret")).await;
    let text = take_log();
    let access: Vec<&str> = text.lines().filter(|line| line.contains("request answered")).collect();
    assert_eq!(access.len(), 2, "{text}");
    for part in [
        "operation=\"things_list_things\"",
        "method=\"GET\"",
        "status=\"200\"",
        "duration_us=",
        answer.header("x-request-id"),
        &caller.account_id.to_string(),
    ] {
        assert!(access[0].contains(part), "{part} in {}", access[0]);
    }
    assert!(access[1].contains("code=\"unauthenticated\""), "{}", access[1]);
    for secret in ["psp_live_secret", "wrong_secret", "hidden"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// O6: counted by operation; what matches none shares one label.
#[tokio::test]
async fn requests_are_counted_by_operation() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    gateway.spend("token").await;
    for path in ["/api/v1/a", "/api/v1/b"] {
        gateway.send(Call::get(path)).await.expect_problem(404, "not-found");
    }
    let strange = http::Method::from_bytes(b"STRANGE").unwrap();
    gateway.send(Call::new(strange, "/api/v1/things")).await.expect_problem(405, "method-not-allowed");
    let metrics = gateway.platform.metrics.render();
    for line in [
        "prosopa_gateway_requests_total{method=\"POST\",operation=\"things_create_thing\",status=\"201\"} 1",
        "prosopa_gateway_requests_total{method=\"any\",operation=\"unmatched\",status=\"404\"} 2",
        "prosopa_gateway_requests_total{method=\"any\",operation=\"unmatched\",status=\"405\"} 1",
        "prosopa_gateway_request_seconds_count{operation=\"things_create_thing\"} 1",
        "prosopa_gateway_rejections_total{reason=\"not-found\"} 2",
        "prosopa_gateway_requests_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    assert!(!metrics.contains("STRANGE"));
}
