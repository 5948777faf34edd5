use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::json;

use prosopa_auth::Config;
use prosopa_contract::verifier::VerifyError;
use prosopa_model::{Credential, Principal};

use crate::support::{Answer, App, PASSWORD};

const SESSIONS: &str = "/api/v1/auth/sessions";

/// Logs ada in with a program that says what it is.
async fn log_in_with(app: &App, user_agent: &str) -> Answer {
    let request = Request::post("/api/v1/auth/login")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, user_agent)
        .body(Body::from(json!({ "user_name": "ada", "password": PASSWORD }).to_string()));
    app.send(request.unwrap()).await
}

fn session_of(principal: &Principal) -> String {
    match principal.credential {
        Credential::Session(id) => id.to_string(),
        _ => panic!("{principal:?}"),
    }
}

async fn delete(app: &App, path: &str, credential: &str) -> StatusCode {
    app.call(Method::DELETE, path, Some(credential), None).await.status
}

/// F2: a user sees the own live sessions, newest first, and which one is in use.
#[tokio::test]
async fn a_user_lists_the_own_sessions() {
    let app = App::start().await;
    app.register("ada").await;
    app.access_token_of("eve").await;
    let first = log_in_with(&app, "curl/8.5.0").await;
    app.clock.advance(Duration::from_secs(60));
    let second = app.log_in("ada").await.text("access_token");
    app.clock.advance(Duration::from_secs(60));
    let first = app.refresh(&first.text("refresh_token")).await.text("access_token");
    let listed = app.get(SESSIONS, &first).await;
    assert_eq!(listed.status, StatusCode::OK);
    let ids = [&second, &first].map(|token| async { session_of(&app.verify(token).await.unwrap()) });
    let [second_id, first_id] = ids;
    let expected = json!([
        {
            "id": second_id.await, "created_at": "2026-01-02T03:05:05.500000Z",
            "last_used_at": "2026-01-02T03:05:05.500000Z", "expires_at": "2026-02-01T03:05:05.500000Z",
            "user_agent": null, "current": false,
        },
        {
            "id": first_id.await, "created_at": "2026-01-02T03:04:05.500000Z",
            "last_used_at": "2026-01-02T03:06:05.500000Z", "expires_at": "2026-02-01T03:06:05.500000Z",
            "user_agent": "curl/8.5.0", "current": true,
        },
    ]);
    assert_eq!(listed.json, json!({ "items": expected, "next_cursor": null }));
}

/// F2: the list comes in pages, without what has ended.
#[tokio::test]
async fn sessions_come_in_pages_without_those_that_ended() {
    let app = App::start().await;
    app.register("ada").await;
    log_in_with(&app, "expired").await;
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    for user_agent in ["one", "two", "three"] {
        log_in_with(&app, user_agent).await;
        app.clock.advance(Duration::from_secs(1));
    }
    let token = log_in_with(&app, "four").await.text("access_token");
    let mut seen = Vec::new();
    let mut path = format!("{SESSIONS}?limit=3");
    loop {
        let page = app.get(&path, &token).await.json;
        let items = page["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| item["user_agent"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{SESSIONS}?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, ["four", "three", "two", "one"]);
}

/// What a program says of itself is kept only as far as it helps.
#[tokio::test]
async fn a_long_user_agent_is_shortened() {
    let app = App::start().await;
    app.register("ada").await;
    let token = log_in_with(&app, &"x".repeat(4_000)).await.text("access_token");
    let listed = app.get(SESSIONS, &token).await;
    assert_eq!(listed.json["items"][0]["user_agent"], "x".repeat(120));
}

/// A1: a user ends one of the own sessions at once; a second time is harmless.
#[tokio::test]
async fn a_user_ends_an_own_session() {
    let app = App::start().await;
    app.register("ada").await;
    let stolen = app.log_in("ada").await;
    let token = app.log_in("ada").await.text("access_token");
    let path = format!("{SESSIONS}/{}", session_of(&app.verify(&stolen.text("access_token")).await.unwrap()));
    for _ in 0..2 {
        assert_eq!(delete(&app, &path, &token).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(app.verify(&stolen.text("access_token")).await, Err(VerifyError::Invalid));
    assert_eq!(app.refresh(&stolen.text("refresh_token")).await.problem(), "unauthenticated");
    assert!(app.verify(&token).await.is_ok());
}

/// A1: somebody else's session answers like one that never was, and lives on.
#[tokio::test]
async fn the_session_of_another_user_answers_like_none() {
    let app = App::start().await;
    let ada = app.access_token_of("ada").await;
    let eve = app.access_token_of("eve").await;
    let foreign = format!("{SESSIONS}/{}", session_of(&app.verify(&ada).await.unwrap()));
    let absent = format!("{SESSIONS}/ses_01h455vb4pex5vsknk084sn02q");
    let [foreign, absent] = [foreign, absent].map(|path| {
        let (app, eve) = (&app, &eve);
        async move { app.call(Method::DELETE, &path, Some(eve), None).await }
    });
    let (foreign, absent) = (foreign.await, absent.await);
    assert_eq!(
        (foreign.status, &foreign.headers, &foreign.json),
        (absent.status, &absent.headers, &absent.json)
    );
    assert_eq!(foreign.status, StatusCode::NO_CONTENT);
    assert!(app.verify(&ada).await.is_ok());
    let nonsense = app.call(Method::DELETE, &format!("{SESSIONS}/nonsense"), Some(&eve), None).await;
    assert_eq!(nonsense.problem(), "not-found");
}

/// A1: all sessions end but the one in use, and nobody else's.
#[tokio::test]
async fn a_user_ends_all_other_sessions() {
    let app = App::start().await;
    let eve = app.access_token_of("eve").await;
    app.register("ada").await;
    let [one, two] = [app.log_in("ada").await, app.log_in("ada").await];
    let token = app.log_in("ada").await.text("access_token");
    for _ in 0..2 {
        assert_eq!(delete(&app, SESSIONS, &token).await, StatusCode::NO_CONTENT);
    }
    for ended in [one, two] {
        assert_eq!(app.verify(&ended.text("access_token")).await, Err(VerifyError::Invalid));
        assert_eq!(app.refresh(&ended.text("refresh_token")).await.problem(), "unauthenticated");
    }
    assert!(app.verify(&token).await.is_ok() && app.verify(&eve).await.is_ok());
}

/// A1: a program that may write the account acts in no session: it ends all of them, and goes on itself.
#[tokio::test]
async fn a_key_ends_all_sessions() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "k", "scopes": ["account:read", "account:write"] });
    let key = app.create_key(&token, body).await.text("key");
    assert_eq!(app.get(SESSIONS, &key).await.json["items"][0]["current"], false);
    assert_eq!(delete(&app, SESSIONS, &key).await, StatusCode::NO_CONTENT);
    assert_eq!(app.verify(&token).await, Err(VerifyError::Invalid));
    assert_eq!(app.get(SESSIONS, &key).await.json["items"], json!([]));
}

/// A refresh that races the end of all sessions is refused or ended with them; it is no fault of the service's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_races_the_end_of_all_sessions_leaves_none() {
    let app = App::start_with(Config { sessions_per_user_max: 50, ..Config::default() }).await;
    app.register("ada").await;
    for _ in 0..5 {
        let tokens = app.log_in("ada").await.text("refresh_token");
        let current = app.log_in("ada").await.text("access_token");
        let (refreshed, ended) =
            futures::future::join(app.refresh(&tokens), delete(&app, SESSIONS, &current)).await;
        assert_eq!(ended, StatusCode::NO_CONTENT);
        if refreshed.status == StatusCode::OK {
            assert_eq!(app.verify(&refreshed.text("access_token")).await, Err(VerifyError::Invalid));
        } else {
            assert_eq!(refreshed.problem(), "unauthenticated");
        }
    }
}
