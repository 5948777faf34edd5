//! Services that are left alone, and looked after.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::sync::Semaphore;

use super::{answer, metric, once, read_head, start_scripted};
use crate::harness::{Call, Gateway};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

async fn ask(gateway: &Gateway) -> crate::harness::Answer {
    gateway.send(Call::get("/api/v1/mirror/head")).await
}

fn circuit(gateway: &Gateway) -> u64 {
    metric(gateway, "prosopa_gateway_upstream_circuit{service=\"mirror\"}")
}

/// S4: a service that fails again and again is left alone; then one request looks whether it is back.
#[tokio::test]
async fn the_circuit_opens_and_closes_again() {
    let may_answer = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&may_answer);
    let mut config = once();
    config.upstream.breaker.failures_max = 3;
    let gateway = start_scripted(config, move |index, mut stream| {
        let permits = Arc::clone(&permits);
        async move {
            read_head(&mut stream).await;
            // Three that end without a word, a probe that does too, one that thinks, and then all is well.
            if index >= 4 {
                permits.acquire().await.unwrap().forget();
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, OK).await;
            }
        }
    })
    .await;
    let attempts = || {
        metric(&gateway, "prosopa_gateway_upstream_attempts_total{outcome=\"invalid\",service=\"mirror\"}")
    };
    for _ in 0..3 {
        assert_eq!(circuit(&gateway), 0);
        ask(&gateway).await.expect_problem(502, "bad-gateway");
    }
    assert_eq!((circuit(&gateway), attempts()), (2, 3));
    let refused = ask(&gateway).await;
    refused.expect_problem(503, "unavailable");
    assert!(["1", "2"].contains(&refused.header("retry-after")), "{}", refused.header("retry-after"));
    assert_eq!(attempts(), 3, "nothing was sent");
    gateway.monotonic.advance(Duration::from_millis(1_250));
    ask(&gateway).await.expect_problem(502, "bad-gateway");
    assert_eq!((circuit(&gateway), attempts()), (2, 4));
    gateway.monotonic.advance(Duration::from_millis(1_250));
    ask(&gateway).await.expect_problem(503, "unavailable");
    gateway.monotonic.advance(Duration::from_millis(1_250));
    let router = gateway.router.clone();
    let probe = tokio::spawn(tower::ServiceExt::oneshot(router, Call::get("/api/v1/mirror/head").request));
    while circuit(&gateway) != 1 {
        tokio::task::yield_now().await;
    }
    ask(&gateway).await.expect_problem(503, "unavailable");
    may_answer.add_permits(1);
    assert_eq!(probe.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(circuit(&gateway), 0);
    may_answer.add_permits(1);
    assert_eq!(ask(&gateway).await.status, StatusCode::OK);
    for (phase, count) in [("open", 2), ("half_open", 2), ("closed", 1)] {
        let line = format!(
            "prosopa_gateway_upstream_circuit_transitions_total{{phase=\"{phase}\",service=\"mirror\"}}"
        );
        assert_eq!(metric(&gateway, &line), count, "{phase}");
    }
}

/// S4: a service that lets deadlines pass is left alone too; what it answers itself, 5xx as well, is no reason.
#[tokio::test]
async fn deadlines_count_and_answers_do_not() {
    let mut config = once();
    config.upstream.breaker.failures_max = 2;
    let gateway = start_scripted(config, |index, mut stream| async move {
        if index < 4 {
            answer(&mut stream, b"HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        } else {
            read_head(&mut stream).await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    gateway.know("token", &crate::harness::user());
    for _ in 0..4 {
        assert_eq!(ask(&gateway).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    for _ in 0..2 {
        assert_eq!(circuit(&gateway), 0);
        let late = gateway.send(Call::post("/api/v1/mirror/hurry").bearer("token")).await;
        late.expect_problem(504, "deadline-exceeded");
    }
    assert_eq!(circuit(&gateway), 2);
}

/// S4: a service whose places are all taken is busy, and not broken.
#[tokio::test]
async fn without_a_free_connection_the_service_is_busy() {
    let may_answer = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&may_answer);
    let mut config = once();
    config.upstream.connections_max = 1;
    config.upstream.connect_timeout_ms = 50;
    let gateway = start_scripted(config, move |_, mut stream| {
        let permits = Arc::clone(&permits);
        async move {
            read_head(&mut stream).await;
            permits.acquire().await.unwrap().forget();
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, OK).await;
        }
    })
    .await;
    let router = gateway.router.clone();
    let first = tokio::spawn(tower::ServiceExt::oneshot(router, Call::get("/api/v1/mirror/head").request));
    while metric(&gateway, "prosopa_gateway_upstream_connections{service=\"mirror\"}") == 0 {
        tokio::task::yield_now().await;
    }
    let refused = ask(&gateway).await;
    refused.expect_problem(503, "overloaded");
    assert_eq!((refused.header("retry-after"), circuit(&gateway)), ("1", 0));
    may_answer.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(ask(&gateway).await.status, StatusCode::OK);
    assert_eq!(metric(&gateway, "prosopa_gateway_upstream_connections{service=\"mirror\"}"), 0);
}

/// F5: who waited in vain until the deadline has not reached the service, and the service has not failed.
#[tokio::test]
async fn waiting_for_a_place_costs_nothing() {
    let mut config = once();
    config.upstream.connections_max = 1;
    config.upstream.connect_timeout_ms = 60_000;
    config.upstream.breaker.failures_max = 1;
    let gateway = start_scripted(config, |_, mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    gateway.know("token", &crate::harness::user());
    let router = gateway.router.clone();
    let first = tokio::spawn(tower::ServiceExt::oneshot(router, Call::get("/api/v1/mirror/head").request));
    while metric(&gateway, "prosopa_gateway_upstream_connections{service=\"mirror\"}") == 0 {
        tokio::task::yield_now().await;
    }
    let late = gateway.send(Call::post("/api/v1/mirror/hurry").bearer("token")).await;
    late.expect_problem(504, "deadline-exceeded");
    assert!(late.header("ratelimit").contains("\"day\";r=100;"), "{}", late.header("ratelimit"));
    assert_eq!(circuit(&gateway), 0);
    first.abort();
}
