use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use prosopa_contract::verifier::VerifyError;
use prosopa_model::Clock;

use crate::support::{Answer, App};

const REVOKE: &str = "/api/v1/auth/revoke";
const INTROSPECT: &str = "/api/v1/auth/introspect";

async fn send_form(app: &App, path: &str, credential: Option<&str>, body: &str) -> Answer {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(credential) = credential {
        request = request.extension(app.verify(credential).await.unwrap());
    }
    app.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn introspect(app: &App, credential: &str, token: &str) -> Value {
    let answer = app.call(Method::POST, INTROSPECT, Some(credential), Some(json!({ "token": token }))).await;
    assert_eq!(
        (answer.status, &answer.headers[header::CACHE_CONTROL]),
        (StatusCode::OK, &"no-store".parse().unwrap())
    );
    answer.json
}

/// Flips a character somewhere in the middle.
fn spoil(token: &str) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

/// A1: a refresh token or an access token ends its session; a second time is harmless.
#[tokio::test]
async fn a_revoked_token_ends_its_session() {
    let app = App::start().await;
    app.register("ada").await;
    for name in ["refresh_token", "access_token"] {
        let (tokens, other) = (app.log_in("ada").await, app.log_in("ada").await);
        for hint in [json!(null), json!("access_token"), json!("refresh_token"), json!("unheard_of")] {
            let body = json!({ "token": tokens.text(name), "token_type_hint": hint });
            let revoked = app.post(REVOKE, body).await;
            assert_eq!((revoked.status, revoked.json), (StatusCode::OK, Value::Null));
        }
        assert_eq!(app.verify(&tokens.text("access_token")).await, Err(VerifyError::Invalid), "{name}");
        assert_eq!(app.refresh(&tokens.text("refresh_token")).await.problem(), "unauthenticated");
        assert!(app.verify(&other.text("access_token")).await.is_ok(), "other sessions live on");
    }
}

/// A1, RFC 7009: programs send forms, with parameters that mean nothing here.
#[tokio::test]
async fn a_token_is_revoked_by_a_form() {
    let app = App::start().await;
    app.register("ada").await;
    let tokens = app.log_in("ada").await;
    let form = format!("token={}&token_type_hint=refresh_token&client_id=x", tokens.text("refresh_token"));
    assert_eq!(send_form(&app, REVOKE, None, &form).await.status, StatusCode::OK);
    assert_eq!(app.verify(&tokens.text("access_token")).await, Err(VerifyError::Invalid));
    for form in ["", "tokn=x", "token=x&token=y"] {
        assert_eq!(send_form(&app, REVOKE, None, form).await.pointer(), "/token", "{form}");
    }
    let huge = send_form(&app, REVOKE, None, &format!("token={}", "x".repeat(70_000))).await;
    assert_eq!(huge.problem(), "body-too-large");
}

/// A1, S7: whoever has a key may revoke it, and only then.
#[tokio::test]
async fn a_key_is_revoked_by_who_has_it() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    let (secret, checksum) = key.rsplit_once('_').unwrap();
    let forged = spoil(secret);
    let forged = format!("{forged}_{:08x}", crc32fast::hash(forged.as_bytes()));
    assert_ne!(checksum, forged.rsplit_once('_').unwrap().1);
    for wrong in [&forged, &spoil(&key), secret] {
        assert_eq!(app.post(REVOKE, json!({ "token": wrong })).await.status, StatusCode::OK);
        assert!(app.verify(&key).await.is_ok(), "{wrong}");
    }
    for _ in 0..2 {
        assert_eq!(app.post(REVOKE, json!({ "token": key })).await.status, StatusCode::OK);
        assert_eq!(app.verify(&key).await, Err(VerifyError::Invalid));
    }
    assert!(app.verify(&token).await.is_ok(), "the session that made it lives on");
}

/// A1: what is no valid token is told from nothing, and changes nothing.
#[tokio::test]
async fn unknown_tokens_are_revoked_without_effect() {
    let app = App::start().await;
    app.register("ada").await;
    let tokens = app.log_in("ada").await;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens.text(name));
    for wrong in
        [spoil(&access), spoil(&refresh), String::new(), "psr_".into(), "psp_live_".into(), "x.y.z".into()]
    {
        let answer = app.post(REVOKE, json!({ "token": wrong })).await;
        assert_eq!((answer.status, answer.json), (StatusCode::OK, Value::Null), "{wrong}");
    }
    assert!(app.verify(&access).await.is_ok());
    app.clock.advance(Duration::from_secs(900));
    assert_eq!(app.post(REVOKE, json!({ "token": access })).await.status, StatusCode::OK);
    assert_eq!(app.refresh(&refresh).await.status, StatusCode::OK, "an expired token ends nothing");
}

/// F2: the account's tokens are told about, for as long as they are valid.
#[tokio::test]
async fn own_tokens_are_introspected() {
    let app = App::start().await;
    let user = app.register("ada").await.text("id");
    let tokens = app.log_in("ada").await;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens.text(name));
    let now = app.clock.now().seconds();
    let seen = introspect(&app, &access, &access).await;
    let scope = seen["scope"].clone();
    assert!(scope.as_str().unwrap().split(' ').any(|scope| scope == "account:write"), "{scope}");
    let expected = json!({
        "active": true, "scope": scope, "token_type": "Bearer", "sub": user, "iat": now, "exp": now + 900,
    });
    assert_eq!(seen, expected);
    let expected = json!({ "active": true, "scope": scope, "sub": user, "exp": now + 30 * 24 * 60 * 60 });
    assert_eq!(introspect(&app, &access, &refresh).await, expected);
    let body = json!({ "name": "k", "scopes": ["account:read"] });
    let key = app.create_key(&access, body).await.text("key");
    let expected = json!({ "active": true, "scope": "account:read", "token_type": "Bearer", "sub": user });
    assert_eq!(introspect(&app, &key, &key).await, expected);
    let by_form = send_form(&app, INTROSPECT, Some(&access), &format!("token={key}")).await;
    assert_eq!(by_form.json, expected);
    app.refresh(&refresh).await;
    assert_eq!(introspect(&app, &access, &refresh).await, json!({ "active": false }), "used up");
}

/// A1: of another account's tokens nobody learns more than of those that never were.
#[tokio::test]
async fn tokens_of_somebody_else_are_introspected_like_unknown_ones() {
    let app = App::start().await;
    let eve = app.access_token_of("eve").await;
    app.register("ada").await;
    let tokens = app.log_in("ada").await;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens.text(name));
    let key = app.create_key(&access, json!({ "name": "k" })).await.text("key");
    let nothing = json!({ "active": false });
    for token in [&access, &refresh, &key, &spoil(&access), &spoil(&refresh), &spoil(&key), ""] {
        assert_eq!(introspect(&app, &eve, token).await, nothing, "{token}");
    }
    let unsigned = app.post(INTROSPECT, json!({ "token": access })).await;
    assert_eq!(unsigned.problem(), "unauthenticated");
}

/// R6: what has ended, and what a deactivated user holds, is not active.
#[tokio::test]
async fn ended_tokens_are_not_active() {
    let app = App::start().await;
    let owner = app.access_token_of("ada").await;
    let principal = app.verify(&owner).await.unwrap();
    let key = app.create_key(&owner, json!({ "name": "k", "expires_at": "2026-01-02T04:00:00Z" })).await;
    let tokens = app.log_in("ada").await;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens.text(name));
    let is_active = async |token: &str| {
        let body = Some(json!({ "token": token }));
        app.call_as(Method::POST, INTROSPECT, Some(principal.clone()), body).await.json["active"] == true
    };
    let key = key.text("key");
    assert!(is_active(&access).await && is_active(&refresh).await && is_active(&key).await);
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert!(!is_active(&access).await && !is_active(&refresh).await && !is_active(&key).await);
    app.execute("UPDATE users SET status = 'active' WHERE user_name = 'ada'").await;
    app.clock.advance(Duration::from_secs(3_600));
    assert!(!is_active(&access).await && is_active(&refresh).await && !is_active(&key).await);
    app.post(REVOKE, json!({ "token": refresh })).await;
    assert!(!is_active(&refresh).await);
}
