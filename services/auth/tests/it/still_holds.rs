//! Whether callers of earlier requests may go on.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use prosopa_model::{Principal, UserId};

use crate::{
    browser_sessions::{secret_of, sign_in},
    support::{App, PASSWORD},
};

async fn holds(app: &App, principals: &[&Principal]) -> Vec<bool> {
    let mut answers = Vec::new();
    for principal in principals {
        answers.push(app.verifier.still_holds(principal).await.unwrap());
    }
    answers
}

async fn client(app: &App, token: &str) -> (String, Principal) {
    let made = app.call(Method::POST, "/api/v1/clients", Some(token), Some(json!({ "name": "c" }))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
    let key = app.client_keys.find(&made.text("access_key")).await.unwrap().unwrap();
    (format!("/api/v1/clients/{}", made.json["client"]["id"].as_str().unwrap()), key.principal)
}

/// R6: the end of a session, a cookie's too, of a key or of a client is that of whoever came by it, and of nobody else.
#[tokio::test]
async fn the_end_of_a_credential_is_the_end_of_its_caller() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let begun = app.log_in("ada").await;
    let cookie = secret_of(&sign_in(&app, "ada").await);
    let key = app.create_key(&token, json!({ "name": "k" })).await;
    let own = app.verify(&token).await.unwrap();
    let session = app.verify(&begun.text("access_token")).await.unwrap();
    let browser = app.verify_cookie(&cookie, None).await.unwrap();
    let keyed = app.verify(&key.text("key")).await.unwrap();
    let (client_path, signed) = client(&app, &token).await;
    let callers = [&own, &session, &browser, &keyed, &signed];
    assert_eq!(holds(&app, &callers).await, [true; 5]);

    app.post("/api/v1/auth/logout", json!({ "refresh_token": begun.text("refresh_token") })).await;
    assert_eq!(holds(&app, &callers).await, [true, false, true, true, true]);
    app.call_as(Method::DELETE, "/api/v1/auth/session", Some(browser.clone()), None).await;
    assert_eq!(holds(&app, &callers).await, [true, false, false, true, true]);
    let path = format!("/api/v1/auth/api-keys/{}", key.text("id"));
    app.call(Method::DELETE, &path, Some(&token), None).await;
    assert_eq!(holds(&app, &callers).await, [true, false, false, false, true]);
    app.call(Method::DELETE, &client_path, Some(&token), None).await;
    assert_eq!(holds(&app, &callers).await, [true, false, false, false, false]);
}

/// R6: a user who is deactivated or deleted holds nothing any more, whatever it was; others go on.
#[tokio::test]
async fn the_end_of_a_user_is_the_end_of_every_credential() {
    let app = App::start().await;
    let (token, other) = (app.access_token_of("ada").await, app.access_token_of("eve").await);
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    let (_, signed) = client(&app, &token).await;
    let session = app.verify(&token).await.unwrap();
    let (keyed, other) = (app.verify(&key).await.unwrap(), app.verify(&other).await.unwrap());
    let callers = [&session, &keyed, &signed, &other];
    assert_eq!(holds(&app, &callers).await, [true; 4]);
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert_eq!(holds(&app, &callers).await, [false, false, false, true]);
    app.execute("UPDATE users SET status = 'active' WHERE user_name = 'ada'").await;
    assert_eq!(holds(&app, &callers).await, [true; 4]);
    let me = Some(json!({ "password": PASSWORD }));
    let deleted = app.call(Method::DELETE, "/api/v1/users/me", Some(&token), me).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.json);
    assert_eq!(holds(&app, &callers).await, [false, false, false, true]);
}

/// R6: time ends callers too, and a credential is nobody's but its owner's.
#[tokio::test]
async fn what_has_expired_or_is_anothers_holds_nothing() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "k", "expires_at": "2026-01-02T03:05:00Z" });
    let key = app.create_key(&token, body).await.text("key");
    let keyed = app.verify(&key).await.unwrap();
    let session = app.verify(&token).await.unwrap();
    let (_, signed) = client(&app, &token).await;
    for principal in [&keyed, &session, &signed] {
        let stolen = Principal { user_id: UserId::new(), ..principal.clone() };
        assert_eq!(holds(&app, &[principal, &stolen]).await, [true, false]);
    }
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(holds(&app, &[&keyed, &session, &signed]).await, [false, true, true]);
    app.clock.advance(Duration::from_hours(24 * 100));
    assert!(!app.verifier.still_holds(&session).await.unwrap());
}
