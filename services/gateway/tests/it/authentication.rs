use std::sync::atomic::Ordering;

use http::StatusCode;
use prosopa_gateway::{Config, Rate};
use prosopa_model::{Scope, Scopes};

use crate::harness::{Call, Gateway, fast, user};

const PROTECTED: &str = "/api/v1/things";

/// F3: a token as bearer or in its own header; the scheme's letters may be of either case.
#[tokio::test]
async fn a_credential_comes_in_either_header() {
    let gateway = Gateway::start(fast()).await;
    let caller = user();
    gateway.know("token", &caller);
    for (name, value) in
        [("authorization", "Bearer token"), ("authorization", "bEaReR  token"), ("x-api-key", "token")]
    {
        let answer = gateway.send(Call::get(PROTECTED).header(name, value)).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {value}");
        assert_eq!(answer.json()["account_id"], caller.account_id.to_string());
        assert_eq!(answer.json()["headers"].as_array().unwrap().len(), 0, "no service sees credentials");
    }
}

#[tokio::test]
async fn credentials_in_two_places_are_malformed() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let both = Call::get(PROTECTED).bearer("token").header("x-api-key", "token");
    gateway.send(both).await.expect_problem(400, "malformed-request");
    let twice = Call::get(PROTECTED).bearer("token").bearer("token");
    gateway.send(twice).await.expect_problem(400, "malformed-request");
}

#[tokio::test]
async fn what_is_no_valid_credential_is_unauthenticated() {
    let gateway = Gateway::start(fast()).await;
    let none = gateway.send(Call::get(PROTECTED)).await;
    none.expect_problem(401, "unauthenticated");
    assert_eq!(none.header("www-authenticate"), "Bearer");
    for value in ["Basic dTpw", "Bearer", "Bearer ", "token", "Bearer unknown", ""] {
        let call = Call::get(PROTECTED).header("authorization", value);
        gateway.send(call).await.expect_problem(401, "unauthenticated");
    }
    let call = Call::get(PROTECTED).header("x-api-key", "");
    gateway.send(call).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_expired_token_is_told_so() {
    let gateway = Gateway::start(fast()).await;
    gateway.send(Call::get(PROTECTED).bearer("expired")).await.expect_problem(401, "token-expired");
}

#[tokio::test]
async fn a_lost_verifier_is_unavailable_and_keeps_its_cause_to_itself() {
    let gateway = Gateway::start(fast()).await;
    let answer = gateway.send(Call::get(PROTECTED).bearer("unavailable")).await;
    let problem = answer.expect_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(!problem.to_string().contains("hsm"));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let gateway = Gateway::start(fast()).await;
    let mut reader = user();
    reader.scopes = Scopes::from_iter([Scope::FacesRead]);
    gateway.know("reader", &reader);
    let problem = gateway.spend("reader").await.expect_problem(403, "forbidden");
    assert_eq!(problem["detail"], "the credential lacks the scope faces:write");
    assert_eq!(gateway.used("reader").await, (0, 0));
}

#[tokio::test]
async fn a_public_operation_does_not_look_at_credentials() {
    let gateway = Gateway::start(fast()).await;
    let call = Call::get("/api/v1/things/1").bearer("unknown").header("x-api-key", "too");
    let answer = gateway.send(call).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["has_credentials"], false);
    assert_eq!(gateway.verifier.calls.load(Ordering::SeqCst), 0);
}

/// After so many failures that network is told to wait, and no other.
#[tokio::test]
async fn guessing_credentials_is_told_to_wait() {
    let rate = Rate { requests_per_second: 1, burst: 3 };
    let gateway = Gateway::start(Config { failed_authentication_rate: rate, ..fast() }).await;
    let guess = |address| gateway.send(Call::get(PROTECTED).bearer("guess").via(address));
    for _ in 0..3 {
        guess("192.0.2.1").await.expect_problem(401, "unauthenticated");
    }
    let refused = guess("192.0.2.1").await;
    assert_eq!(refused.expect_problem(429, "rate-limited")["retry_after_ms"], 1_000);
    assert_eq!(refused.header("ratelimit"), "\"burst\";r=0;t=3");
    guess("192.0.2.2").await.expect_problem(401, "unauthenticated");
    gateway.monotonic.advance(std::time::Duration::from_secs(1));
    guess("192.0.2.1").await.expect_problem(401, "unauthenticated");
}

/// F7: nobody locks out the others behind the same address.
#[tokio::test]
async fn bad_credentials_lock_out_nobody() {
    let rate = Rate { requests_per_second: 1, burst: 3 };
    let gateway = Gateway::start(Config { failed_authentication_rate: rate, ..fast() }).await;
    gateway.know("token", &user());
    for _ in 0..30 {
        gateway.send(Call::get(PROTECTED).bearer("guess")).await;
    }
    gateway.send(Call::get(PROTECTED).bearer("guess")).await.expect_problem(429, "rate-limited");
    assert_eq!(gateway.send(Call::get(PROTECTED).bearer("token")).await.status, StatusCode::OK);
    gateway.send(Call::get(PROTECTED).bearer("expired")).await.expect_problem(401, "token-expired");
}

#[tokio::test]
async fn valid_and_expired_credentials_are_no_guesses() {
    let rate = Rate { requests_per_second: 1, burst: 1 };
    let gateway = Gateway::start(Config { failed_authentication_rate: rate, ..fast() }).await;
    gateway.know("token", &user());
    for _ in 0..10 {
        assert_eq!(gateway.send(Call::get(PROTECTED).bearer("token")).await.status, StatusCode::OK);
        gateway.send(Call::get(PROTECTED).bearer("expired")).await.expect_problem(401, "token-expired");
    }
}
