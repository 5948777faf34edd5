use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_runtime::PeerAddress;
use prosopa_testkit::TestRedis;

use crate::support::{Answer, App, PASSWORD};

const CHECKS: &str = "prosopa_auth_password_hashing_seconds_count{work=\"check\"}";

async fn start(failed_login_burst: u32) -> App {
    App::start_with(Config { failed_login_burst, ..Config::default() }).await
}

async fn log_in(app: &App, who: &Value, password: &str) -> Answer {
    let mut body = who.clone();
    body["password"] = json!(password);
    app.post("/api/v1/auth/login", body).await
}

/// S7: a name that failed too often waits, before any hashing, even for the right password, and then has one attempt.
#[tokio::test]
async fn a_name_that_failed_too_often_has_to_wait() {
    let app = start(3).await;
    app.register("ada").await;
    let ada = json!({ "user_name": "ada" });
    for _ in 0..3 {
        assert_eq!(log_in(&app, &ada, "incorrect horse").await.problem(), "invalid-credentials");
    }
    let checks = app.metric(CHECKS);
    let refused = log_in(&app, &ada, PASSWORD).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(refused.headers[header::RETRY_AFTER], "10");
    assert_eq!(app.metric(CHECKS), checks);
    assert_eq!(app.metric("prosopa_auth_logins_total{outcome=\"throttled\"}"), 1);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(log_in(&app, &ada, "incorrect horse").await.problem(), "invalid-credentials");
    assert_eq!(log_in(&app, &ada, PASSWORD).await.problem(), "rate-limited");
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(log_in(&app, &ada, PASSWORD).await.status, StatusCode::OK);
}

/// S7: who is made to wait does not learn whether there is such a user.
#[tokio::test]
async fn unknown_names_have_to_wait_alike() {
    let app = start(2).await;
    app.register("ada").await;
    let mut answers = Vec::new();
    for who in [
        json!({ "user_name": "ada" }),
        json!({ "user_name": "nobody" }),
        json!({ "email": "ada@example.org" }),
        json!({ "email": "nobody@example.org" }),
    ] {
        // One too short to be anybody's counts like any other.
        for password in ["incorrect horse", "short"] {
            assert_eq!(log_in(&app, &who, password).await.problem(), "invalid-credentials", "{who}");
        }
        let refused = log_in(&app, &who, PASSWORD).await;
        assert_eq!(refused.problem(), "rate-limited", "{who}");
        answers.push((refused.headers[header::RETRY_AFTER].clone(), refused.json));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

/// S7: another spelling of the name is no other name.
#[tokio::test]
async fn forms_of_one_name_fail_together() {
    let app = start(3).await;
    app.register("ada").await;
    for form in ["ada", "ADA", "ａｄａ"] {
        let answer = log_in(&app, &json!({ "user_name": form }), "incorrect horse").await;
        assert_eq!(answer.problem(), "invalid-credentials");
    }
    assert_eq!(app.log_in("Ada").await.problem(), "rate-limited");
    assert_eq!(app.log_in("eve").await.problem(), "invalid-credentials", "others do not wait");
}

/// S7: only failures count, and a success pays for them.
#[tokio::test]
async fn a_success_resets_the_failures() {
    let app = start(2).await;
    app.register("ada").await;
    let ada = json!({ "user_name": "ada" });
    for _ in 0..3 {
        assert_eq!(log_in(&app, &ada, "incorrect horse").await.problem(), "invalid-credentials");
        assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
    }
    for _ in 0..3 {
        assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
    }
}

/// S7: guesses at the same time are bounded like those one after the other.
#[tokio::test]
async fn simultaneous_guesses_are_counted_before_they_are_checked() {
    let app = start(5).await;
    app.register("ada").await;
    let ada = json!({ "user_name": "ada" });
    let guesses = join_all((0..20).map(|_| log_in(&app, &ada, "incorrect horse"))).await;
    let checked = guesses.iter().filter(|answer| answer.problem() == "invalid-credentials").count();
    let refused = guesses.iter().filter(|answer| answer.problem() == "rate-limited").count();
    assert_eq!((checked, refused), (5, 15));
}

/// S7: a login that the service could not check is no failure of the caller's.
#[tokio::test]
async fn a_login_that_was_not_checked_does_not_count() {
    let app = start(1).await;
    app.register("ada").await;
    app.execute("ALTER TABLE sessions RENAME TO lost").await;
    for _ in 0..3 {
        assert_eq!(app.log_in("ada").await.problem(), "internal");
    }
    app.execute("ALTER TABLE lost RENAME TO sessions").await;
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
}

/// Logs in from a network.
async fn log_in_from(app: &App, address: &str, user_name: &str, password: &str) -> Answer {
    let body = json!({ "user_name": user_name, "password": password }).to_string();
    let request = Request::post("/api/v1/auth/login")
        .header(header::CONTENT_TYPE, "application/json")
        .extension(PeerAddress(format!("{address}:4711").parse().unwrap()));
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// S7: one password tried with many names from one network has to wait too, whatever succeeds in between; other networks
/// do not.
#[tokio::test]
async fn a_network_that_tries_many_names_has_to_wait() {
    let config =
        Config { failed_login_network_burst: 4, failed_login_network_seconds: 30, ..Config::default() };
    let app = App::start_with(config).await;
    app.register("eve").await;
    for index in 0..4 {
        // Another address of the same customer, and a success with a name of the attacker's own.
        let address = format!("[2001:db8:1:2::{index}]");
        let guess = log_in_from(&app, &address, &format!("user-{index}"), "incorrect horse").await;
        assert_eq!(guess.problem(), "invalid-credentials");
        if index < 3 {
            assert_eq!(log_in_from(&app, &address, "eve", PASSWORD).await.status, StatusCode::OK);
        }
    }
    let checks = app.metric(CHECKS);
    let refused = log_in_from(&app, "[2001:db8:1:2::9]", "eve", PASSWORD).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(refused.headers[header::RETRY_AFTER], "30");
    assert_eq!(app.metric(CHECKS), checks, "refused before any hashing");
    assert_eq!(log_in_from(&app, "[2001:db8:1:3::1]", "eve", PASSWORD).await.status, StatusCode::OK);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(log_in_from(&app, "[2001:db8:1:2::9]", "eve", PASSWORD).await.status, StatusCode::OK);
}

/// S7: who is refused by name does not use up what the network may try.
#[tokio::test]
async fn a_name_that_has_to_wait_costs_its_network_nothing() {
    let config = Config { failed_login_burst: 1, failed_login_network_burst: 2, ..Config::default() };
    let app = App::start_with(config).await;
    app.register("eve").await;
    assert_eq!(
        log_in_from(&app, "192.0.2.1", "ada", "incorrect horse").await.problem(),
        "invalid-credentials"
    );
    for _ in 0..5 {
        assert_eq!(log_in_from(&app, "192.0.2.1", "ada", "incorrect horse").await.problem(), "rate-limited");
    }
    assert_eq!(log_in_from(&app, "192.0.2.1", "eve", PASSWORD).await.status, StatusCode::OK);
}

/// S7: processes that share a Redis count failures together; a success is forgiven in all of them; while Redis is lost each
/// counts by itself, and nobody gets anything else than before.
#[tokio::test]
async fn processes_count_failures_together() {
    let mut redis = TestRedis::start();
    // So slow that none is paid off while the test runs.
    let config = || Config { failed_login_burst: 3, failed_login_seconds: 3_600, ..Config::default() };
    let one = App::start_sharing(config(), &redis).await;
    let other = one.twin_sharing(config(), &redis).await;
    one.register("ada").await;
    let ada = json!({ "user_name": "ada" });
    for app in [&one, &other] {
        assert_eq!(log_in(app, &ada, "incorrect horse").await.problem(), "invalid-credentials");
    }
    assert_eq!(log_in(&other, &ada, PASSWORD).await.status, StatusCode::OK);
    for app in [&one, &other, &one] {
        assert_eq!(log_in(app, &ada, "incorrect horse").await.problem(), "invalid-credentials");
    }
    for app in [&one, &other] {
        let refused = log_in(app, &ada, PASSWORD).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
        let wait_s: u64 = refused.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((3_000..=3_600).contains(&wait_s), "{wait_s}");
    }
    let kept = redis.ask("KEYS *");
    assert!(kept.contains("prosopa:failed_logins:") && !kept.contains("ada"), "{kept}");

    redis.kill();
    for _ in 0..3 {
        assert_eq!(log_in(&one, &ada, "incorrect horse").await.problem(), "invalid-credentials");
    }
    assert_eq!(log_in(&one, &ada, PASSWORD).await.problem(), "rate-limited");
    assert_eq!(log_in(&other, &ada, PASSWORD).await.status, StatusCode::OK);
}
