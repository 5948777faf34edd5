mod mail;

use std::time::Duration;

use futures::future::join;
use http::{StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use prosopa_auth::{Config, reset_password};
use prosopa_contract::{mailer::MailPurpose, verifier::VerifyError};

use crate::support::{Answer, App, PASSWORD};

const PATH: &str = "/api/v1/auth/password-resets";
const ADA: &str = "ada@example.org";
const NEW: &str = "four other random words";

fn outcome(outcome: &str) -> String {
    format!("prosopa_auth_password_resets_total{{outcome=\"{outcome}\"}}")
}

async fn request(app: &App, email: &str) -> Answer {
    app.post(PATH, json!({ "email": email })).await
}

/// Has a token sent to ada, as the first or a later one.
async fn token_of_ada(app: &App, count: usize) -> String {
    assert_eq!(request(app, ADA).await.status, StatusCode::ACCEPTED);
    app.mailbox.wait_for_token(ADA, count).await
}

async fn complete(app: &App, token: &str, new: &str) -> Answer {
    app.post(&format!("{PATH}/complete"), json!({ "token": token, "new_password": new })).await
}

async fn log_in_with(app: &App, password: &str) -> Answer {
    app.post("/api/v1/auth/login", json!({ "user_name": "ada", "password": password })).await
}

/// A1: a token by mail sets a new password, and everything that was signed in is signed out.
#[tokio::test]
async fn a_forgotten_password_is_replaced() {
    let app = App::start().await;
    let session = app.access_token_of("ada").await;
    let other = app.log_in("ada").await;
    let bystander = app.access_token_of("eve").await;
    let asked = request(&app, "ADA@Example.org").await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let token = app.mailbox.wait_for_token(ADA, 1).await;
    assert_eq!(token.len(), 43);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    assert!(!asked.json.to_string().contains(&token));
    let completed = complete(&app, &token, NEW).await;
    assert_eq!((completed.status, completed.json), (StatusCode::NO_CONTENT, Value::Null));
    for ended in [&session, &other.text("access_token")] {
        assert_eq!(app.verify(ended).await, Err(VerifyError::Invalid));
    }
    assert_eq!(app.refresh(&other.text("refresh_token")).await.problem(), "unauthenticated");
    assert!(app.verify(&bystander).await.is_ok());
    assert_eq!(log_in_with(&app, PASSWORD).await.problem(), "invalid-credentials");
    assert_eq!(log_in_with(&app, NEW).await.status, StatusCode::OK);
    app.mailbox.wait_for(ADA, "password_changed", 1).await;
    assert_eq!(app.metric(&outcome("completed")), 1);
}

/// A1: the answer for an unknown address is the same, byte for byte, and nobody is written to.
#[tokio::test]
async fn an_unknown_address_is_answered_alike() {
    let app = App::start().await;
    app.register("ada").await;
    app.register("gone").await;
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'gone'").await;
    let known = request(&app, ADA).await;
    for email in ["nobody@example.org", "gone@example.org"] {
        let unknown = request(&app, email).await;
        assert_eq!(unknown.status, known.status);
        assert_eq!(unknown.headers, known.headers);
        assert_eq!(unknown.json.to_string(), known.json.to_string());
    }
    app.reach(&outcome("unknown"), 2).await;
    app.mailbox.wait_for(ADA, "password_reset", 1).await;
    for nobody in ["nobody@example.org", "gone@example.org"] {
        assert!(app.mailbox.mails(nobody, "password_reset").is_empty());
    }
}

/// A1: a token that is wrong, altered, used or expired is refused like any other.
#[tokio::test]
async fn bad_tokens_are_refused_alike() {
    let app = App::start().await;
    app.register("ada").await;
    let used = token_of_ada(&app, 1).await;
    assert_eq!(complete(&app, &used, NEW).await.status, StatusCode::NO_CONTENT);
    let expired = token_of_ada(&app, 2).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    let live = token_of_ada(&app, 3).await;
    let mut answers = Vec::new();
    for position in [0, 21, 42] {
        let mut altered = live.clone().into_bytes();
        altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
        answers.push(complete(&app, std::str::from_utf8(&altered).unwrap(), "yet another good one").await);
    }
    for token in [&used, &expired, "", "x", &live[1..], &format!("{live}A"), &format!(" {live}")] {
        answers.push(complete(&app, token, "yet another good one").await);
    }
    for answer in &answers {
        assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "invalid-credentials"));
        assert_eq!((&answer.headers, &answer.json), (&answers[0].headers, &answers[0].json));
    }
    assert_eq!(log_in_with(&app, NEW).await.status, StatusCode::OK);
    assert_eq!(complete(&app, &live, "yet another good one").await.status, StatusCode::NO_CONTENT);
}

/// A1: a token is worth something for 15 minutes from the request on, and no longer.
#[tokio::test]
async fn a_token_lives_fifteen_minutes() {
    let app = App::start().await;
    app.register("ada").await;
    let token = token_of_ada(&app, 1).await;
    let mail = app.mailbox.mails(ADA, "password_reset").pop().unwrap();
    match mail.purpose {
        MailPurpose::PasswordReset { expires_at, .. } => {
            assert_eq!(expires_at.to_string(), "2026-01-02T03:19:05.500000Z");
        }
        other => panic!("{other:?}"),
    }
    app.clock.advance(Duration::from_secs(15 * 60) - Duration::from_micros(1));
    assert_eq!(complete(&app, &token, "password").await.pointer(), "/new_password", "still live");
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(complete(&app, &token, NEW).await.problem(), "invalid-credentials");
    assert_eq!(log_in_with(&app, PASSWORD).await.status, StatusCode::OK);
}

/// A1: of two that use one token at once, one sets the password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_racing_completions_wins() {
    let app = App::start().await;
    app.register("ada").await;
    let token = token_of_ada(&app, 1).await;
    let passwords = ["one of two good ones", "the other of the two"];
    let (one, two) = join(complete(&app, &token, passwords[0]), complete(&app, &token, passwords[1])).await;
    let (won, lost) = if one.status == StatusCode::NO_CONTENT { (0, &two) } else { (1, &one) };
    assert_eq!(lost.problem(), "invalid-credentials");
    assert_eq!(log_in_with(&app, passwords[won]).await.status, StatusCode::OK);
    assert_eq!(log_in_with(&app, passwords[1 - won]).await.problem(), "invalid-credentials");
}

/// A1: a bad new password is pointed at and does not use the token up.
#[tokio::test]
async fn a_bad_new_password_leaves_the_token_alone() {
    let app = App::start().await;
    app.register("ada").await;
    let token = token_of_ada(&app, 1).await;
    for bad in ["short", "password1", "Ada@example.org"] {
        assert_eq!(complete(&app, &token, bad).await.pointer(), "/new_password", "{bad}");
    }
    assert_eq!(complete(&app, &token, NEW).await.status, StatusCode::NO_CONTENT);
}

/// A1: a new password, however it came, uses up the tokens for another.
#[tokio::test]
async fn a_new_password_uses_up_all_tokens() {
    let app = App::start().await;
    let session = app.access_token_of("ada").await;
    let [one, two] = [token_of_ada(&app, 1).await, token_of_ada(&app, 2).await];
    assert_eq!(complete(&app, &two, NEW).await.status, StatusCode::NO_CONTENT);
    assert_eq!(complete(&app, &one, "yet another good one").await.problem(), "invalid-credentials");
    let three = token_of_ada(&app, 3).await;
    assert!(app.verify(&session).await.is_err());
    let session = log_in_with(&app, NEW).await.text("access_token");
    let body = json!({ "current_password": NEW, "new_password": "yet another good one" });
    let changed = app.call(http::Method::POST, "/api/v1/auth/password", Some(&session), Some(body)).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert_eq!(complete(&app, &three, NEW).await.problem(), "invalid-credentials");
    let four = token_of_ada(&app, 4).await;
    let offline = reset_password(&Config::default(), &app.platform, "ada").await.unwrap();
    assert_eq!(complete(&app, &four, NEW).await.problem(), "invalid-credentials");
    assert_eq!(log_in_with(&app, offline.expose_secret()).await.status, StatusCode::OK);
}

/// A1: at most three tokens of a user are live, and at most five are sent within an hour; nobody is told.
#[tokio::test]
async fn tokens_of_one_user_are_bounded() {
    let app = App::start().await;
    app.register("ada").await;
    for count in 1..=3 {
        token_of_ada(&app, count).await;
    }
    assert_eq!(request(&app, ADA).await.status, StatusCode::ACCEPTED);
    app.reach(&outcome("throttled"), 1).await;
    app.clock.advance(Duration::from_secs(16 * 60));
    for count in 4..=5 {
        token_of_ada(&app, count).await;
    }
    assert_eq!(request(&app, ADA).await.status, StatusCode::ACCEPTED);
    app.reach(&outcome("throttled"), 2).await;
    app.clock.advance(Duration::from_secs(44 * 60));
    token_of_ada(&app, 6).await;
    assert_eq!(app.mailbox.mails(ADA, "password_reset").len(), 6);
}

/// A1: whoever asks too often from one network has to wait, for known and unknown addresses alike.
#[tokio::test]
async fn requests_of_one_network_are_throttled() {
    let app = App::start().await;
    app.register("ada").await;
    for index in 0..10 {
        let email = if index % 2 == 0 { ADA } else { "nobody@example.org" };
        assert_eq!(request(&app, email).await.status, StatusCode::ACCEPTED);
    }
    let refused = [request(&app, ADA).await, request(&app, "nobody@example.org").await];
    for refused in &refused {
        assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
        assert_eq!(refused.headers[header::RETRY_AFTER], "60");
    }
    assert_eq!(refused[0].json, refused[1].json);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(request(&app, ADA).await.status, StatusCode::ACCEPTED);
}

/// Tokens go an hour after they were made.
#[tokio::test]
async fn old_tokens_are_deleted() {
    let app = App::start().await;
    app.register("ada").await;
    token_of_ada(&app, 1).await;
    app.clock.advance(Duration::from_secs(59 * 60));
    token_of_ada(&app, 2).await;
    app.clock.advance(Duration::from_secs(60));
    let app = app.restart(Config::default()).await;
    assert_eq!(app.count("SELECT count(*) FROM password_resets").await, 1);
}

/// A text that is no address tells of nobody: it is pointed at.
#[tokio::test]
async fn a_text_that_is_no_address_is_pointed_at() {
    let app = App::start().await;
    for email in ["", "ada", "a b@example.org", "ada@example.org\n"] {
        assert_eq!(request(&app, email).await.pointer(), "/email", "{email:?}");
    }
}
