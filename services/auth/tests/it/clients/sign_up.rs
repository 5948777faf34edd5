use std::{net::SocketAddr, time::Duration};

use http::{Method, Request, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_model::{Scope, Scopes};
use prosopa_runtime::PeerAddress;

use super::{CLIENTS, find, path_of, principal_of};
use crate::support::{Answer, App, PASSWORD};

const SIGN_UP: &str = "/api/v1/clients/sign-up";

async fn sign_up_from(app: &App, address: &str, key: Option<&str>, body: Value) -> Answer {
    let peer = PeerAddress(address.parse::<SocketAddr>().unwrap());
    let mut request = Request::post(SIGN_UP).header("content-type", "application/json").extension(peer);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    app.send(request.body(body.to_string().into()).unwrap()).await
}

/// What administrators see of the users that are programs.
async fn programs(app: &App) -> Vec<Value> {
    let password = app.new_administrator.as_ref().unwrap().password.expose_secret().to_owned();
    let login = json!({ "user_name": "administrator", "password": password });
    let token = app.post("/api/v1/auth/login", login).await.text("access_token");
    let users = app.get("/api/v1/users", &token).await;
    let users = users.json["items"].as_array().unwrap().clone();
    let (programs, persons): (Vec<_>, Vec<_>) = users.into_iter().partition(|user| user["kind"] == "program");
    assert!(persons.iter().all(|user| user["kind"] == "person"));
    programs
}

/// K1: without a user, a client gets an account of its own, which it looks after.
#[tokio::test]
async fn a_client_signs_itself_up() {
    let app = App::start().await;
    let events = app.count("SELECT count(*) FROM outbox").await;
    let made = app.post(SIGN_UP, json!({ "name": "onboarding" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(app.count("SELECT count(*) FROM outbox").await, events + 1, "others hear of the account");
    let key = find(&app, &made.text("access_key")).await.unwrap();
    assert_eq!(key.material.expose_secret(), made.text("secret_key").as_bytes());
    let client = key.principal;
    let all_but_admin: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    assert_eq!((&client.scopes, client.requests_per_day_max), (&all_but_admin, None));
    assert_eq!(programs(&app).await[0]["id"], json!(client.user_id));
    let other = principal_of(&app, &app.post(SIGN_UP, json!({ "name": "o" })).await.text("access_key")).await;
    assert_ne!((client.account_id, client.user_id), (other.account_id, other.user_id));
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        app.call_as(method, path, Some(client.clone()), body).await
    };
    assert_eq!(ask(Method::GET, CLIENTS, None).await.json["items"], json!([made.json["client"]]));
    let path = format!("{}/rotate", path_of(&made));
    let rotated = ask(Method::POST, &path, Some(json!({ "grace_seconds": 0 }))).await;
    assert!(find(&app, &rotated.text("access_key")).await.is_some());
    assert_eq!(ask(Method::DELETE, &path_of(&made), None).await.status, StatusCode::NO_CONTENT);
    assert!(find(&app, &rotated.text("access_key")).await.is_none());
}

/// K1: nobody logs in as a program, by whatever way; the answers are those for users that do not exist.
#[tokio::test]
async fn nobody_logs_in_as_a_program() {
    let app = App::start().await;
    let made = app.post(SIGN_UP, json!({ "name": "c" })).await;
    let user = programs(&app).await.remove(0);
    let (user_name, email) = (user["user_name"].as_str().unwrap(), user["email"].as_str().unwrap());
    for password in [PASSWORD, &made.text("secret_key"), "correct horse battery"] {
        for name in [json!({ "user_name": user_name }), json!({ "email": email })] {
            let mut login = name;
            login["password"] = password.into();
            assert_eq!(app.post("/api/v1/auth/login", login).await.problem(), "invalid-credentials");
        }
    }
    app.post("/api/v1/auth/password-resets", json!({ "email": email })).await;
    app.reach("prosopa_auth_password_resets_total{outcome=\"unknown\"}", 1).await;
    assert!(app.mailbox.mails(email, "password_reset").is_empty());
    let client = principal_of(&app, &made.text("access_key")).await;
    for (method, path, body) in [
        (Method::DELETE, "/api/v1/users/me", json!({ "password": PASSWORD })),
        (
            Method::PATCH,
            "/api/v1/users/me",
            json!({ "email": "a@example.org", "current_password": PASSWORD }),
        ),
        (
            Method::POST,
            "/api/v1/auth/password",
            json!({ "current_password": PASSWORD, "new_password": "four other random words" }),
        ),
    ] {
        let refused = app.call_as(method, path, Some(client.clone()), Some(body)).await;
        assert!([401, 403].contains(&refused.status.as_u16()), "{path}: {}", refused.json);
    }
    assert!(find(&app, &made.text("access_key")).await.is_some());
}

/// K1: who finds the secret key of such a client revokes it; there is nobody to be told.
#[tokio::test]
async fn nobody_is_written_to_for_a_program() {
    let app = App::start().await;
    let made = app.post(SIGN_UP, json!({ "name": "c" })).await;
    let body = json!({ "keys": [made.text("secret_key")] });
    let reported = app.post("/api/v1/auth/api-keys/leaked", body).await;
    assert_eq!(reported.json["results"][0]["status"], "revoked");
    let email = programs(&app).await[0]["email"].as_str().unwrap().to_owned();
    let app = app.restart(Config::default()).await;
    assert!(app.mailbox.mails(&email, "secret_leaked").is_empty());
}

/// K1: a client that signs itself up is no administrator and has what it asks for otherwise.
#[tokio::test]
async fn nobody_signs_up_as_an_administrator() {
    let app = App::start().await;
    let refused = app.post(SIGN_UP, json!({ "name": "c", "scopes": ["admin"] })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"));
    let made = app.post(SIGN_UP, json!({ "name": "c", "scopes": ["faces:read"] })).await;
    assert_eq!(made.json["client"]["scopes"], json!(["faces:read"]));
}

/// K1: where sign-up is not open, a client is made by a signed-in user.
#[tokio::test]
async fn sign_up_may_be_closed() {
    let app = App::start_with(Config { open_client_sign_up: false, ..Config::default() }).await;
    let refused = app.post(SIGN_UP, json!({ "name": "c" })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"));
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1, "the administrator");
    let token = app.access_token_of("ada").await;
    assert_eq!(super::create(&app, &token, json!({ "name": "c" })).await.status, StatusCode::CREATED);
}

/// K1: one network signs up so many clients and no more; its mistakes and repetitions do not count, others are not held up.
#[tokio::test]
async fn sign_ups_of_a_network_are_bounded() {
    let app = App::start().await;
    let here = "192.0.2.7:41000";
    for index in 0..10 {
        let key = format!("k{index}");
        for _ in 0..2 {
            let made = sign_up_from(&app, here, Some(&key), json!({ "name": "c" })).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
        }
        assert_eq!(
            sign_up_from(&app, here, None, json!({ "name": "" })).await.status.as_u16(),
            if index == 9 { 429 } else { 422 }
        );
    }
    let refused = sign_up_from(&app, "192.0.2.7:5", None, json!({ "name": "c" })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(refused.headers[header::RETRY_AFTER], "600");
    assert_eq!(
        sign_up_from(&app, "192.0.2.8:1", None, json!({ "name": "c" })).await.status,
        StatusCode::CREATED
    );
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(sign_up_from(&app, here, None, json!({ "name": "c" })).await.status, StatusCode::CREATED);
}

/// N9: sent again with its `Idempotency-Key` from the same network, a sign-up makes one client and shows no secret again.
#[tokio::test]
async fn a_repeated_sign_up_makes_one_client() {
    let app = App::start().await;
    let send = async |address: &str, name: &str| {
        sign_up_from(&app, address, Some("k1"), json!({ "name": name })).await
    };
    let (first, again) = (send("192.0.2.7:1", "c").await, send("192.0.2.7:2", "c").await);
    assert_eq!((again.status, again.text("access_key")), (StatusCode::CREATED, first.text("access_key")));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(again.json.get("secret_key").is_none(), "{}", again.json);
    assert_eq!(send("192.0.2.7:3", "d").await.problem(), "idempotency-key-reused");
    assert_ne!(send("192.0.2.8:1", "c").await.text("access_key"), first.text("access_key"));
    assert_eq!(app.count("SELECT count(*) FROM api_clients").await, 2);
}
