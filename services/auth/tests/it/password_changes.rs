use http::{Method, StatusCode};
use prosopa_auth::Config;
use serde_json::{Value, json};

use prosopa_contract::verifier::VerifyError;

use crate::support::{Answer, App, PASSWORD};

const PATH: &str = "/api/v1/auth/password";
const NEW: &str = "four other random words";
const CHECKS: &str = "prosopa_auth_password_hashing_seconds_count{work=\"check\"}";
const HASHES: &str = "prosopa_auth_password_hashing_seconds_count{work=\"hash\"}";

async fn change(app: &App, credential: &str, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    app.call(Method::POST, PATH, Some(credential), Some(body)).await
}

async fn log_in_with(app: &App, password: &str) -> Answer {
    app.post("/api/v1/auth/login", json!({ "user_name": "ada", "password": password })).await
}

/// A1: a new password takes the place of the old one; the user's other sessions end, the one in use goes on.
#[tokio::test]
async fn a_user_changes_the_password() {
    let app = App::start().await;
    let current = app.access_token_of("ada").await;
    let other = app.log_in("ada").await;
    let bystander = app.access_token_of("eve").await;
    let key = app.create_key(&current, json!({ "name": "k" })).await.text("key");
    let changed = change(&app, &current, PASSWORD, NEW).await;
    assert_eq!((changed.status, changed.json), (StatusCode::NO_CONTENT, Value::Null));
    assert!(app.verify(&current).await.is_ok());
    assert_eq!(app.verify(&other.text("access_token")).await, Err(VerifyError::Invalid));
    assert_eq!(app.refresh(&other.text("refresh_token")).await.problem(), "unauthenticated");
    assert!(app.verify(&key).await.is_ok() && app.verify(&bystander).await.is_ok());
    assert_eq!(log_in_with(&app, PASSWORD).await.problem(), "invalid-credentials");
    assert_eq!(log_in_with(&app, NEW).await.status, StatusCode::OK);
    app.mailbox.wait_for("ada@example.org", "password_changed", 1).await;
}

/// A1: without the present password nothing changes, and it cannot be guessed in a stolen session.
#[tokio::test]
async fn a_wrong_present_password_is_refused_and_counted() {
    let app = App::start_with(Config { failed_login_burst: 3, ..Config::default() }).await;
    let token = app.access_token_of("ada").await;
    for wrong in ["incorrect horse", "short", ""] {
        assert_eq!(change(&app, &token, wrong, NEW).await.problem(), "invalid-credentials");
    }
    let checks = app.metric(CHECKS);
    assert_eq!(change(&app, &token, PASSWORD, NEW).await.problem(), "rate-limited");
    assert_eq!(app.metric(CHECKS), checks, "refused before any hashing");
    assert_eq!(log_in_with(&app, PASSWORD).await.status, StatusCode::OK, "the password is the old one");
    assert!(app.mailbox.mails("ada@example.org", "password_changed").is_empty());
}

/// A1: what is no good password at a registration is none here.
#[tokio::test]
async fn a_bad_new_password_is_pointed_at() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let hashes = (app.metric(CHECKS), app.metric(HASHES));
    for bad in ["short", "password1", "ADA@example.org", &"x".repeat(1_025)] {
        assert_eq!(change(&app, &token, PASSWORD, bad).await.pointer(), "/new_password", "{bad}");
    }
    assert_eq!((app.metric(CHECKS), app.metric(HASHES)), hashes, "refused before any hashing");
    let unknown = json!({ "current_password": PASSWORD, "new_password": NEW, "x": 1 });
    assert_eq!(app.call(Method::POST, PATH, Some(&token), Some(unknown)).await.pointer(), "/x");
}

/// A1: programs with a key change no password.
#[tokio::test]
async fn a_key_changes_no_password() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k", "scopes": ["account:write"] })).await.text("key");
    assert_eq!(change(&app, &key, PASSWORD, NEW).await.problem(), "forbidden");
    assert_eq!(app.call(Method::POST, PATH, None, Some(json!({}))).await.problem(), "unauthenticated");
}

/// A1: of two changes at once one is made; the other knew a password that is not valid any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_racing_changes_is_made() {
    let app = App::start().await;
    let [one, two] = [app.access_token_of("ada").await, app.log_in("ada").await.text("access_token")];
    let principals = [app.verify(&one).await.unwrap(), app.verify(&two).await.unwrap()];
    let [first, second] = principals.map(|principal| {
        let new = format!("{NEW} {:?}", principal.credential);
        let body = json!({ "current_password": PASSWORD, "new_password": new });
        let sent = app.call_as(Method::POST, PATH, Some(principal), Some(body));
        async move { (sent.await, new) }
    });
    let (first, second) = futures::future::join(first, second).await;
    let (made, refused) =
        if first.0.status == StatusCode::NO_CONTENT { (first, second) } else { (second, first) };
    assert_eq!((made.0.status, refused.0.problem()), (StatusCode::NO_CONTENT, "invalid-credentials"));
    assert_eq!(log_in_with(&app, &made.1).await.status, StatusCode::OK);
    assert_eq!(log_in_with(&app, &refused.1).await.problem(), "invalid-credentials");
}

/// A password of a megabyte is refused before it costs anything, wherever passwords are taken.
#[tokio::test]
async fn a_megabyte_of_password_is_refused_early() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let work = (app.metric(CHECKS), app.metric(HASHES));
    for (length, expected) in [(1 << 20, "body-too-large"), (60_000, "")] {
        let long = "x".repeat(length);
        let requests = [
            ("/api/v1/auth/login", json!({ "user_name": "ada", "password": long })),
            (
                "/api/v1/auth/register",
                json!({ "user_name": "bob", "email": "b@example.org", "password": long }),
            ),
            (PATH, json!({ "current_password": PASSWORD, "new_password": long })),
            (PATH, json!({ "current_password": long, "new_password": NEW })),
            ("/api/v1/auth/password-resets/complete", json!({ "token": "x", "new_password": long })),
            ("/api/v1/auth/password-resets/complete", json!({ "token": long, "new_password": NEW })),
        ];
        for (path, body) in requests {
            let answer = app.call(Method::POST, path, Some(&token), Some(body)).await;
            assert!(answer.status.is_client_error(), "{path}");
            assert!(expected.is_empty() || answer.problem() == expected, "{path}: {}", answer.json);
        }
    }
    assert_eq!((app.metric(CHECKS), app.metric(HASHES)), work);
}
