use std::time::Duration;

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use prosopa_auth::Config;

use super::{CLIENTS, create, find, path_of};
use crate::support::{App, PASSWORD};

/// K1: a revoked client stops working at once, leaves the list and takes its secrets along; it may be revoked again.
#[tokio::test]
async fn a_revoked_client_is_gone() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": "c" })).await;
    let rotated =
        app.call(Method::POST, &format!("{}/rotate", path_of(&made)), Some(&token), Some(json!({}))).await;
    for _ in 0..2 {
        let revoked = app.call(Method::DELETE, &path_of(&made), Some(&token), None).await;
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
        for key in [made.text("access_key"), rotated.text("access_key")] {
            assert!(find(&app, &key).await.is_none());
        }
    }
    assert_eq!(app.get(CLIENTS, &token).await.json["items"], json!([]));
    assert_eq!(app.get(&path_of(&made), &token).await.problem(), "not-found");
    assert_eq!(app.count("SELECT count(*) FROM api_client_keys").await, 0);
}

/// K1: a client works until its time and not longer.
#[tokio::test]
async fn an_expired_client_is_refused() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": "c", "expires_at": "2026-01-02T03:05:00Z" })).await;
    app.clock.advance(Duration::from_micros(54_499_999));
    assert!(find(&app, &made.text("access_key")).await.is_some());
    app.clock.advance(Duration::from_micros(1));
    assert!(find(&app, &made.text("access_key")).await.is_none());
    assert_eq!(app.get(&path_of(&made), &token).await.json["is_active"], false);
    let path = format!("{}/rotate", path_of(&made));
    let refused = app.call(Method::POST, &path, Some(&token), Some(json!({}))).await;
    assert_eq!(refused.problem(), "validation-failed");
}

/// R4, R6: a user's clients are refused while the user is deactivated, and are gone with the user.
#[tokio::test]
async fn clients_end_with_their_user() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": "c" })).await;
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert!(find(&app, &made.text("access_key")).await.is_none());
    app.execute("UPDATE users SET status = 'active' WHERE user_name = 'ada'").await;
    assert!(find(&app, &made.text("access_key")).await.is_some());
    let body = Some(json!({ "password": PASSWORD }));
    let deleted = app.call(Method::DELETE, "/api/v1/users/me", Some(&token), body).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert!(find(&app, &made.text("access_key")).await.is_none());
    assert_eq!(app.count("SELECT count(*) FROM api_clients").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM api_client_keys").await, 0);
}

/// K1: an account's clients are bounded; a revoked or expired one makes room.
#[tokio::test]
async fn clients_of_an_account_are_bounded() {
    let app = App::start_with(Config { api_clients_per_account_max: 2, ..Config::default() }).await;
    let token = app.access_token_of("ada").await;
    let first = create(&app, &token, json!({ "name": "1" })).await;
    let second = create(&app, &token, json!({ "name": "2", "expires_at": "2026-01-02T03:04:10Z" })).await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_eq!(create(&app, &token, json!({ "name": "3" })).await.problem(), "validation-failed");
    app.call(Method::DELETE, &path_of(&first), Some(&token), None).await;
    assert_eq!(create(&app, &token, json!({ "name": "3" })).await.status, StatusCode::CREATED);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(create(&app, &token, json!({ "name": "4" })).await.status, StatusCode::CREATED);
}

/// K1: clients that are made and revoked at once are bounded too.
#[tokio::test]
async fn clients_made_in_a_day_are_bounded() {
    let app = App::start_with(Config { api_clients_per_day_max: 2, ..Config::default() }).await;
    let token = app.access_token_of("ada").await;
    for _ in 0..2 {
        let made = create(&app, &token, json!({ "name": "c" })).await;
        app.call(Method::DELETE, &path_of(&made), Some(&token), None).await;
    }
    let refused = create(&app, &token, json!({ "name": "c" })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(refused.headers[header::RETRY_AFTER], "86400");
}

/// K1: what ended long ago is deleted; an old key goes as soon as its grace is over.
#[tokio::test]
async fn what_ended_is_deleted() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let revoked = create(&app, &token, json!({ "name": "revoked" })).await;
    app.call(Method::DELETE, &path_of(&revoked), Some(&token), None).await;
    create(&app, &token, json!({ "name": "expired", "expires_at": "2026-01-02T03:04:06Z" })).await;
    let living = create(&app, &token, json!({ "name": "living" })).await;
    let path = format!("{}/rotate", path_of(&living));
    let rotated = app.call(Method::POST, &path, Some(&token), Some(json!({ "grace_seconds": 60 }))).await;
    assert_eq!(app.count("SELECT count(*) FROM api_client_keys").await, 3);
    app.clock.advance(Duration::from_secs(60));
    let app = app.restart(Config::default()).await;
    assert_eq!(app.count("SELECT count(*) FROM api_client_keys").await, 2);
    app.clock.advance(Duration::from_hours(90 * 24));
    let app = app.restart(Config::default()).await;
    assert_eq!(app.count("SELECT count(*) FROM api_clients").await, 1);
    assert!(find(&app, &rotated.text("access_key")).await.is_some());
}

/// K1: the last use is written behind the requests, at the latest at the end.
#[tokio::test]
async fn the_last_use_survives_a_restart() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": "c" })).await;
    app.clock.advance(Duration::from_secs(7));
    find(&app, &made.text("access_key")).await.unwrap();
    app.client_keys.note_use(&made.text("access_key")).await;
    assert_eq!(app.get(&path_of(&made), &token).await.json["last_used_at"], Value::Null, "not yet written");
    let app = app.restart(Config::default()).await;
    assert_eq!(app.get(&path_of(&made), &token).await.json["last_used_at"], "2026-01-02T03:04:12.500000Z");
}

/// K1: secrets move to the keyring's next key, so that the one before can be taken away; they stay what they are.
#[tokio::test]
async fn secrets_are_sealed_anew() {
    const MATERIAL: &str = "SELECT material FROM api_client_keys";
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": "c" })).await;
    // A version, and the id of the key with its length before it: one id may begin with another.
    let sealed_by = |bytes: &[u8]| String::from_utf8(bytes[2..2 + usize::from(bytes[1])].to_vec()).unwrap();
    assert_eq!(sealed_by(&app.bytes(MATERIAL).await), app.platform.keyring.active_id());
    let active = app.platform.keyring.rotate().unwrap();
    // The end of a process does its tasks once more.
    let app = app.restart(Config::default()).await;
    assert_eq!(sealed_by(&app.bytes(MATERIAL).await), active);
    let key = find(&app, &made.text("access_key")).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&key.material), made.text("secret_key").as_bytes());
}
