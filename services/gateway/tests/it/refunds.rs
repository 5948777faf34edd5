use std::{sync::atomic::Ordering, time::Duration};

use http::StatusCode;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::harness::{Call, Gateway, fast, user};

/// F5: the class of the answer decides whether it is charged.
#[tokio::test]
async fn answers_that_were_worth_nothing_are_given_back() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let mut charged = 0;
    for (status, is_charged) in [
        (200, true),
        (201, true),
        (204, true),
        (303, true),
        (400, false),
        (404, true),
        (409, true),
        (413, false),
        (415, false),
        (422, false),
        (500, false),
        (503, false),
        (507, false),
    ] {
        let path = format!("/api/v1/answers/{status}");
        let answer = gateway.send(Call::post(&path).bearer("token")).await;
        assert_eq!(answer.status, status);
        charged += u64::from(is_charged);
        let shown = format!("\"day\";r={};t=43200", 100 - charged);
        assert!(answer.header("ratelimit").contains(&shown), "{status}: {}", answer.header("ratelimit"));
        assert_eq!(gateway.used("token").await, (charged, charged), "{status}");
    }
}

/// K3, F5: of an operation that counts as the most that it may do only what it did is charged, and never more than was
/// reserved; the caller is told the counters, not how the service told them.
#[tokio::test]
async fn what_was_not_done_is_given_back() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    for (done, used) in [(2, 2), (0, 2), (9, 7)] {
        let answer = gateway.send(Call::post(&format!("/api/v1/things/some/{done}")).bearer("token")).await;
        assert_eq!(answer.status, 201);
        assert_eq!(gateway.used("token").await, (used, used), "{done}");
        assert!(answer.header("ratelimit").contains(&format!("\"day\";r={};", 100 - used)));
        assert!(!answer.headers.contains_key("prosopa-units-done"));
    }
}

/// F5: a refund can be spent at once.
#[tokio::test]
async fn a_refund_counts_before_the_next_request() {
    let mut config = fast();
    config.plan.requests_per_day = 1;
    let gateway = Gateway::start(config).await;
    gateway.know("token", &user());
    for _ in 0..50 {
        let answer = gateway.send(Call::post("/api/v1/answers/422").bearer("token")).await;
        answer.expect_problem(422, "image-undecodable");
    }
    assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    gateway.spend("token").await.expect_problem(429, "quota-exceeded");
}

#[tokio::test]
async fn a_panic_is_an_internal_problem_and_costs_nothing() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let answer = gateway.send(Call::post("/api/v1/panic").bearer("token")).await;
    let problem = answer.expect_problem(500, "internal");
    assert!(!problem.to_string().contains("fell over"));
    assert_eq!(gateway.used("token").await, (0, 0));
}

/// F5: the service may have finished what nobody waited for.
#[tokio::test]
async fn a_missed_deadline_is_charged() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let answer = gateway.send(Call::post("/api/v1/hang").bearer("token")).await;
    answer.expect_problem(504, "deadline-exceeded");
    assert!(answer.header("ratelimit").contains("\"day\";r=99;"), "{}", answer.header("ratelimit"));
    assert_eq!(gateway.used("token").await, (1, 1));
}

/// F5: nobody gets the service's work for nothing by hanging up.
#[tokio::test]
async fn a_client_that_vanishes_is_charged() {
    let mut config = fast();
    config.plan.requests_per_day = 1;
    let gateway = Gateway::start(config).await;
    gateway.know("token", &user());
    let mut client = TcpStream::connect(gateway.address).await.unwrap();
    let request =
        "POST /api/v1/wait HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nContent-Length: 0\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    gateway.probe.arrived.notified().await;
    drop(client);
    let noticed = async {
        while !gateway.platform.metrics.render().contains("operation=\"things_wait\",status=\"aborted\"} 1") {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), noticed).await.expect("the gateway notices");
    gateway.spend("token").await.expect_problem(429, "quota-exceeded");
    assert_eq!(gateway.used("token").await, (1, 1));
}

/// F5: who goes away while the quota is still asked for has got nothing.
#[tokio::test]
async fn a_request_that_never_reached_the_service_is_not_charged() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let call = Call::post("/api/v1/wait").bearer("token");
    let mut request = Box::pin(tower::ServiceExt::oneshot(gateway.router.clone(), call.request));
    // Once: it waits for the ledger.
    assert!(futures::poll!(&mut request).is_pending());
    gateway.until_used("token", 1).await;
    drop(request);
    gateway.until_used("token", 0).await;
    assert_eq!(gateway.probe.arrivals.load(Ordering::SeqCst), 0);
}
