use std::time::Duration;

use http::StatusCode;
use prosopa_gateway::{Config, Rate};
use prosopa_model::{Credential, Principal, SessionId};

use crate::harness::{Call, Gateway, fast, user, with_key};

fn slow_callers() -> Config {
    Config { caller_rate: Config::default().caller_rate, ..fast() }
}

/// F7: 10 a second, 20 at once, told exactly.
#[tokio::test]
async fn the_default_rate_is_held_and_shown() {
    let gateway = Gateway::start(slow_callers()).await;
    gateway.know("token", &user());
    let call = || Call::get("/api/v1/things").bearer("token");
    let first = gateway.send(call()).await;
    assert_eq!(
        first.header("ratelimit-policy"),
        "\"burst\";q=20;w=2, \"day\";q=100;w=86400, \"month\";q=2000;w=2678400"
    );
    assert_eq!(
        first.header("ratelimit"),
        "\"burst\";r=19;t=1, \"day\";r=100;t=43200, \"month\";r=2000;t=1857600"
    );
    for _ in 1..20 {
        assert_eq!(gateway.send(call()).await.status, StatusCode::OK);
    }
    let refused = gateway.send(call()).await;
    assert_eq!(refused.expect_problem(429, "rate-limited")["retry_after_ms"], 100);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit-policy"), "\"burst\";q=20;w=2");
    assert_eq!(refused.header("ratelimit"), "\"burst\";r=0;t=2");
    gateway.monotonic.advance(Duration::from_millis(99));
    gateway.send(call()).await.expect_problem(429, "rate-limited");
    gateway.monotonic.advance(Duration::from_millis(1));
    assert_eq!(gateway.send(call()).await.status, StatusCode::OK);
    gateway.send(call()).await.expect_problem(429, "rate-limited");
    gateway.monotonic.advance(Duration::from_secs(2));
    assert_eq!(gateway.send(call()).await.header("ratelimit").split(',').next(), Some("\"burst\";r=19;t=1"));
}

/// F7: a refused request costs no quota.
#[tokio::test]
async fn too_fast_requests_cost_nothing() {
    let gateway = Gateway::start(slow_callers()).await;
    gateway.know("token", &user());
    for _ in 0..20 {
        assert_eq!(gateway.spend("token").await.status, StatusCode::CREATED);
    }
    for _ in 0..20 {
        gateway.spend("token").await.expect_problem(429, "rate-limited");
    }
    gateway.monotonic.advance(Duration::from_secs(1));
    assert_eq!(gateway.used("token").await, (20, 20));
}

/// F7: each key has its own rate; sessions of one user share one.
#[tokio::test]
async fn keys_have_their_own_rate_and_share_the_quota() {
    let gateway = Gateway::start(slow_callers()).await;
    let person = user();
    gateway.know("session", &person);
    gateway.know(
        "other session",
        &Principal { credential: Credential::Session(SessionId::new()), ..person.clone() },
    );
    gateway.know("first", &with_key(&person));
    gateway.know("second", &with_key(&person));
    for credential in ["first", "second", "session"] {
        for _ in 0..20 {
            assert_eq!(gateway.spend(credential).await.status, StatusCode::CREATED);
        }
        gateway.spend(credential).await.expect_problem(429, "rate-limited");
    }
    gateway.spend("other session").await.expect_problem(429, "rate-limited");
    gateway.monotonic.advance(Duration::from_secs(1));
    assert_eq!(gateway.used("first").await, (60, 60));
}

/// Whoever shows no credential is limited by network: on public operations, unknown paths and refused ones alike.
#[tokio::test]
async fn callers_without_credentials_are_limited_by_network() {
    let rate = Rate { requests_per_second: 10, burst: 4 };
    let gateway = Gateway::start(Config { address_rate: rate, ..fast() }).await;
    gateway.know("token", &user());
    let public = gateway.send(Call::get("/api/v1/things/1")).await;
    assert_eq!(public.header("ratelimit-policy"), "\"burst\";q=4;w=1");
    assert_eq!(public.header("ratelimit"), "\"burst\";r=3;t=1");
    gateway.send(Call::get("/api/v1/nothing")).await.expect_problem(404, "not-found");
    gateway.send(Call::get("/api/v1/things")).await.expect_problem(401, "unauthenticated");
    let oversize = Call::post("/api/v1/upload").header("content-length", "17");
    gateway.send(oversize).await.expect_problem(413, "body-too-large");
    for path in ["/api/v1/things/1", "/api/v1/nothing", "/api/v1/things"] {
        let refused = gateway.send(Call::get(path)).await;
        assert_eq!(refused.expect_problem(429, "rate-limited")["retry_after_ms"], 100);
    }
    let signed_in = gateway.send(Call::get("/api/v1/things").bearer("token")).await;
    assert_eq!(signed_in.status, StatusCode::OK, "a credential has a rate of its own");
}

#[tokio::test]
async fn a_network_is_an_address_or_a_v6_prefix() {
    let rate = Rate { requests_per_second: 1, burst: 1 };
    let gateway = Gateway::start(Config { address_rate: rate, ..fast() }).await;
    let from = |address: &str| Call::get("/api/v1/things/1").via(address);
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:2::1"] {
        assert_eq!(gateway.send(from(address)).await.status, StatusCode::OK, "{address}");
    }
    for address in ["192.0.2.1", "::ffff:192.0.2.2", "2001:db8:0:1:9::9"] {
        gateway.send(from(address)).await.expect_problem(429, "rate-limited");
    }
    let spoofed =
        from("192.0.2.1").header("x-forwarded-for", "198.51.100.7").header("forwarded", "for=198.51.100.7");
    gateway.send(spoofed).await.expect_problem(429, "rate-limited");
}
