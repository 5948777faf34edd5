use std::time::Duration;

use futures::future::join_all;
use http::{Method, StatusCode, header};
use serde_json::json;

use prosopa_auth::Config;
use prosopa_contract::verifier::VerifyError;
use prosopa_model::{Credential, Role, Scopes};

use crate::support::{App, PASSWORD};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// F2: a login gives a short-lived JWT and a refresh token.
#[tokio::test]
async fn a_login_gives_tokens() {
    let app = App::start().await;
    let user = app.register("ada").await;
    let tokens = app.log_in("ada").await;
    assert_eq!(tokens.status, StatusCode::OK);
    assert_eq!(tokens.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(tokens.json["token_type"], "Bearer");
    assert_eq!(tokens.json["expires_in"], 900);
    assert_eq!(tokens.json["refresh_expires_in"], 30 * 24 * 60 * 60);
    let refresh_token = tokens.text("refresh_token");
    assert!(refresh_token.starts_with("psr_") && refresh_token.len() == 47, "{refresh_token}");
    let principal = app.verify(&tokens.text("access_token")).await.unwrap();
    assert_eq!(principal.user_id.to_string(), user.text("id"));
    assert_eq!(principal.account_id.to_string(), user.text("account_id"));
    assert_eq!(principal.role, Role::User);
    assert_eq!(principal.scopes, Scopes::all());
    assert!(matches!(principal.credential, Credential::Session(_)));
    assert_eq!(principal.quota, None);
}

/// F2: the e-mail address, in any case, serves as well as the name.
#[tokio::test]
async fn a_user_logs_in_by_address() {
    let app = App::start().await;
    app.register("ada").await;
    let tokens =
        app.post("/api/v1/auth/login", json!({ "email": "ADA@example.org", "password": PASSWORD })).await;
    assert_eq!(tokens.status, StatusCode::OK);
}

/// F2: who may not log in learns nothing of the reason.
#[tokio::test]
async fn refused_logins_answer_alike() {
    let app = App::start().await;
    app.register("ada").await;
    app.register("gone").await;
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'gone'").await;
    let attempts = [
        json!({ "user_name": "ada", "password": "incorrect horse" }),
        json!({ "user_name": "nobody", "password": PASSWORD }),
        json!({ "user_name": "", "password": PASSWORD }),
        json!({ "email": "nobody@example.org", "password": PASSWORD }),
        json!({ "user_name": "gone", "password": PASSWORD }),
        json!({ "user_name": "ada", "password": "short" }),
        json!({ "user_name": "ada", "password": "x".repeat(20_000) }),
    ];
    let count = attempts.len() as u64;
    for attempt in attempts {
        let refused = app.post("/api/v1/auth/login", attempt).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::UNAUTHORIZED, "invalid-credentials"));
        assert_eq!(refused.json.as_object().unwrap().len(), 4, "{}", refused.json);
    }
    assert_eq!(app.metric("prosopa_auth_logins_total{outcome=\"refused\"}"), count);
}

/// F2: an unknown name costs the same hashing as a wrong password.
#[tokio::test]
async fn an_unknown_name_is_hashed_for_too() {
    let app = App::start().await;
    let checks = || app.metric("prosopa_auth_password_hashing_seconds_count{work=\"check\"}");
    let before = checks();
    app.log_in("nobody").await;
    assert_eq!(checks(), before + 1);
    app.post("/api/v1/auth/login", json!({ "email": "nobody@example.org", "password": PASSWORD })).await;
    assert_eq!(checks(), before + 2);
}

#[tokio::test]
async fn a_login_names_the_user_once() {
    let app = App::start().await;
    let both = json!({ "user_name": "ada", "email": "ada@example.org", "password": PASSWORD });
    for body in [both, json!({ "password": PASSWORD })] {
        assert_eq!(app.post("/api/v1/auth/login", body).await.pointer(), "");
    }
    let unknown = json!({ "user_name": "ada", "password": PASSWORD, "otp": "1" });
    assert_eq!(app.post("/api/v1/auth/login", unknown).await.pointer(), "/otp");
}

/// F2: after a refresh the old refresh token is refused, and the new one works.
#[tokio::test]
async fn a_refresh_token_works_once() {
    let app = App::start().await;
    app.register("ada").await;
    let first = app.log_in("ada").await;
    let second = app.refresh(&first.text("refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert!(app.verify(&second.text("access_token")).await.is_ok());
    let again = app.refresh(&first.text("refresh_token")).await;
    assert_eq!((again.status, again.problem()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    assert_eq!(app.refresh(&second.text("refresh_token")).await.status, StatusCode::OK);
}

/// F2: of two racing refreshes one is refused, and the session lives.
#[tokio::test]
async fn a_twin_within_five_seconds_leaves_the_session_alive() {
    let app = App::start().await;
    app.register("ada").await;
    let first = app.log_in("ada").await.text("refresh_token");
    let second = app.refresh(&first).await;
    app.clock.advance(Duration::from_secs(5));
    assert_eq!(app.refresh(&first).await.problem(), "unauthenticated");
    assert!(app.verify(&second.text("access_token")).await.is_ok());
    assert_eq!(app.refresh(&second.text("refresh_token")).await.status, StatusCode::OK);
    assert_eq!(app.metric("prosopa_auth_refreshes_total{outcome=\"raced\"}"), 1);
}

/// F2: of refreshes that really race exactly one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_ten_racing_refreshes_wins() {
    let app = App::start().await;
    app.register("ada").await;
    let token = app.log_in("ada").await.text("refresh_token");
    let answers = join_all((0..10).map(|_| app.refresh(&token))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(won.len(), 1);
    assert!(app.verify(&won[0].text("access_token")).await.is_ok());
}

/// F2: a token used again later is stolen: the whole family ends.
#[tokio::test]
async fn reuse_after_five_seconds_ends_the_session() {
    let app = App::start().await;
    app.register("ada").await;
    let other = app.log_in("ada").await;
    let first = app.log_in("ada").await.text("refresh_token");
    let second = app.refresh(&first).await;
    app.clock.advance(Duration::from_micros(5_000_001));
    assert_eq!(app.refresh(&first).await.problem(), "unauthenticated");
    assert_eq!(app.verify(&second.text("access_token")).await, Err(VerifyError::Invalid));
    assert_eq!(app.refresh(&second.text("refresh_token")).await.problem(), "unauthenticated");
    assert!(app.verify(&other.text("access_token")).await.is_ok(), "other sessions live on");
    assert_eq!(app.metric("prosopa_auth_refreshes_total{outcome=\"reused\"}"), 1);
}

/// F2: a refresh token lives 30 days unused.
#[tokio::test]
async fn an_unused_refresh_token_expires() {
    let app = App::start().await;
    app.register("ada").await;
    let [first, second] = [app.log_in("ada").await, app.log_in("ada").await].map(|t| t.text("refresh_token"));
    app.clock.advance(30 * DAY - Duration::from_secs(1));
    assert_eq!(app.refresh(&first).await.status, StatusCode::OK);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.refresh(&second).await.problem(), "unauthenticated");
}

/// F2: no session lives longer than 90 days, however often it is refreshed.
#[tokio::test]
async fn a_session_ends_after_ninety_days() {
    let app = App::start().await;
    app.register("ada").await;
    let mut tokens = app.log_in("ada").await;
    for _ in 0..4 {
        app.clock.advance(20 * DAY);
        tokens = app.refresh(&tokens.text("refresh_token")).await;
        assert_eq!(tokens.status, StatusCode::OK);
    }
    assert_eq!(tokens.json["refresh_expires_in"], 10 * 24 * 60 * 60);
    app.clock.advance(10 * DAY);
    assert_eq!(app.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
}

/// F2: a logout ends the access tokens too, and is harmless when repeated.
#[tokio::test]
async fn a_logout_ends_the_session_at_once() {
    let app = App::start().await;
    app.register("ada").await;
    let tokens = app.log_in("ada").await;
    let body = json!({ "refresh_token": tokens.text("refresh_token") });
    for _ in 0..2 {
        let answer = app.post("/api/v1/auth/logout", body.clone()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(app.verify(&tokens.text("access_token")).await, Err(VerifyError::Invalid));
    assert_eq!(app.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
    let nonsense = app.post("/api/v1/auth/logout", json!({ "refresh_token": "nonsense" })).await;
    assert_eq!(nonsense.status, StatusCode::NO_CONTENT);
}

/// R6: what a deactivated user holds stops working at once.
#[tokio::test]
async fn tokens_of_a_deactivated_user_stop_working() {
    let app = App::start().await;
    app.register("ada").await;
    let tokens = app.log_in("ada").await;
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert_eq!(app.verify(&tokens.text("access_token")).await, Err(VerifyError::Invalid));
    assert_eq!(app.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
}

/// A user's sessions are bounded: one more ends the oldest.
#[tokio::test]
async fn one_session_too_many_ends_the_oldest() {
    let app = App::start_with(Config { sessions_per_user_max: 2, ..Config::default() }).await;
    app.register("ada").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(1));
        tokens.push(app.log_in("ada").await.text("access_token"));
    }
    assert_eq!(app.verify(&tokens[0]).await, Err(VerifyError::Invalid));
    assert!(app.verify(&tokens[1]).await.is_ok() && app.verify(&tokens[2]).await.is_ok());
}

/// F2: a hash made with other parameters is replaced at the next login.
#[tokio::test]
async fn a_login_renews_an_outdated_hash() {
    let app = App::start().await;
    app.register("ada").await;
    let stronger = Config { argon2_iterations: 3, ..Config::default() };
    let app = app.restart(stronger.clone()).await;
    let hashes = || app.metric("prosopa_auth_password_hashing_seconds_count{work=\"hash\"}");
    let before = hashes();
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
    assert_eq!(hashes(), before + 1);
    assert_eq!(app.log_in("ada").await.status, StatusCode::OK);
    assert_eq!(hashes(), before + 1, "renewed once");
}

/// More logins than may wait are told to come later, and nobody else is harmed.
#[tokio::test]
async fn too_many_logins_at_once_are_put_off() {
    let config =
        Config { password_hashing_concurrency: 1, password_hashing_queue_max: 0, ..Config::default() };
    let app = App::start_with(config).await;
    app.register("ada").await;
    let answers = join_all((0..8).map(|_| app.log_in("ada"))).await;
    let (put_off, done): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE);
    assert!(!put_off.is_empty() && !done.is_empty());
    for answer in put_off {
        assert_eq!(answer.problem(), "overloaded");
        assert_eq!(answer.headers[header::RETRY_AFTER], "2");
    }
    assert!(done.iter().all(|answer| answer.status == StatusCode::OK));
}

/// What has expired is deleted, and what lives is not.
#[tokio::test]
async fn expired_sessions_are_deleted() {
    let app = App::start().await;
    app.register("ada").await;
    app.log_in("ada").await;
    app.clock.advance(31 * DAY);
    let living = app.log_in("ada").await.text("access_token");
    let before = rows(&app).await;
    let app = app.restart(Config::default()).await;
    assert_eq!((before, rows(&app).await), ((2, 2), (1, 1)));
    assert!(app.verify(&living).await.is_ok());
}

async fn rows(app: &App) -> (i64, i64) {
    let sessions = app.count("SELECT count(*) FROM sessions").await;
    (sessions, app.count("SELECT count(*) FROM refresh_tokens").await)
}

#[tokio::test]
async fn other_methods_and_types_are_refused() {
    let app = App::start().await;
    let get = app.call(Method::GET, "/api/v1/auth/login", None, None).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    let untyped = app.call(Method::POST, "/api/v1/auth/refresh", None, None).await;
    assert_eq!(untyped.problem(), "unsupported-media-type");
    for body in [json!({}), json!({ "refresh_token": 1 }), json!([]), json!({ "refresh_token": "x", "y": 1 })]
    {
        assert_eq!(app.post("/api/v1/auth/refresh", body).await.problem(), "validation-failed");
    }
    let huge = app.refresh(&"x".repeat(70_000)).await;
    assert_eq!((huge.status, huge.problem()), (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"));
}
