mod leaked;
mod rotation;

use std::time::Duration;

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_contract::verifier::VerifyError;
use prosopa_model::{Credential, Principal, Scope, Scopes};

use crate::support::App;

const KEYS: &str = "/api/v1/auth/api-keys";

/// F3: a key acts for its user, with fewer rights.
#[tokio::test]
async fn a_new_key_works() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let created = app.create_key(&token, json!({ "name": "door camera" })).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.headers[header::CACHE_CONTROL], "no-store");
    let (id, key, prefix) = (created.text("id"), created.text("key"), created.text("prefix"));
    assert_eq!(prefix, format!("psp_live_{}", id.strip_prefix("key_").unwrap()));
    assert!(key.starts_with(&prefix) && key.matches('_').count() == 4, "{key}");
    assert_eq!(created.json["scopes"], json!(["faces:read", "faces:write", "images:read", "account:read"]));
    assert_eq!((&created.json["expires_at"], &created.json["last_used_at"]), (&Value::Null, &Value::Null));
    let principal = app.verify(&key).await.unwrap();
    let session = app.verify(&token).await.unwrap();
    assert_eq!((principal.user_id, principal.account_id), (session.user_id, session.account_id));
    assert_eq!(principal.scopes, Scopes::for_keys());
    assert!(matches!(principal.credential, Credential::ApiKey(key) if key.to_string() == id));
}

/// S7: the list shows no secret.
#[tokio::test]
async fn keys_are_listed_without_their_secrets() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "k", "scopes": ["faces:read"], "expires_at": "2026-02-01T00:00:00+01:00" });
    let created = app.create_key(&token, body).await;
    let list = app.get(KEYS, &token).await;
    let mut expected = created.json.clone();
    expected.as_object_mut().unwrap().remove("key");
    assert_eq!(list.json, json!({ "items": [expected], "next_cursor": null }));
    assert_eq!(list.json["items"][0]["expires_at"], "2026-01-31T23:00:00.000000Z");
}

/// S7: newest first, page by page, none twice, none left out.
#[tokio::test]
async fn keys_are_paged_newest_first() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    for index in 0..5 {
        // Pairs share a microsecond.
        app.clock.advance(Duration::from_micros(index % 2));
        app.create_key(&token, json!({ "name": format!("key {index}") })).await;
    }
    let mut names = Vec::new();
    let mut path = format!("{KEYS}?limit=2");
    loop {
        let page = app.get(&path, &token).await;
        let items = page.json["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        match page.json["next_cursor"].as_str() {
            Some(cursor) => path = format!("{KEYS}?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["key 4", "key 3", "key 2", "key 1", "key 0"]);
    for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "page=1"] {
        let refused = app.get(&format!("{KEYS}?{query}"), &token).await;
        assert_eq!(refused.pointer(), format!("?{}", query.split('=').next().unwrap()));
    }
}

/// F3: a key that was mistyped, forged or mixed from two is refused.
#[tokio::test]
async fn a_changed_key_is_refused() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let [one, other] = [
        app.create_key(&token, json!({ "name": "a" })).await,
        app.create_key(&token, json!({ "name": "b" })).await,
    ];
    let (one, other) = (one.text("key"), other.text("key"));
    for position in 0..one.len() {
        let mut flipped = one.clone().into_bytes();
        flipped[position] = if flipped[position] == b'7' { b'8' } else { b'7' };
        let flipped = String::from_utf8(flipped).unwrap();
        assert_eq!(app.verify(&flipped).await, Err(VerifyError::Invalid), "position {position}");
    }
    // The right checksum over one key's id and the other's secret.
    let secret = other.split('_').nth(3).unwrap();
    let body = format!("{}_{secret}", one.rsplitn(3, '_').nth(2).unwrap());
    let mixed = format!("{body}_{:08x}", crc32fast::hash(body.as_bytes()));
    assert_eq!(app.verify(&mixed).await, Err(VerifyError::Invalid));
    let unknown = format!("psp_live_01h455vb4pex5vsknk084sn02q_{secret}");
    let unknown = format!("{unknown}_{:08x}", crc32fast::hash(unknown.as_bytes()));
    assert_eq!(app.verify(&unknown).await, Err(VerifyError::Invalid));
    for text in ["psp_live_", "psp_live___", "psp_live_\u{e4}_\u{e4}_\u{e4}", &one[..one.len() - 1]] {
        assert_eq!(app.verify(text).await, Err(VerifyError::Invalid), "{text}");
    }
}

/// S7: a revoked key stops working at once, leaves the list, and may be revoked again.
#[tokio::test]
async fn revoked_key_is_rejected() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let created = app.create_key(&token, json!({ "name": "k" })).await;
    let path = format!("{KEYS}/{}", created.text("id"));
    for _ in 0..2 {
        assert_eq!(app.call(Method::DELETE, &path, Some(&token), None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(app.verify(&created.text("key")).await, Err(VerifyError::Invalid));
    }
    assert_eq!(app.get(KEYS, &token).await.json["items"], json!([]));
}

/// F3: a key works until its time and not longer.
#[tokio::test]
async fn an_expired_key_is_rejected() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "k", "expires_at": "2026-01-02T03:05:00Z" });
    let key = app.create_key(&token, body).await.text("key");
    app.clock.advance(Duration::from_micros(54_499_999));
    assert!(app.verify(&key).await.is_ok());
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(app.verify(&key).await, Err(VerifyError::Invalid));
}

/// R6: a deactivated user's keys stop working at once.
#[tokio::test]
async fn keys_of_a_deactivated_user_are_rejected() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert_eq!(app.verify(&key).await, Err(VerifyError::Invalid));
}

/// F3: another account's key answers exactly like one that does not exist.
#[tokio::test]
async fn a_foreign_key_answers_like_an_absent_one() {
    let app = App::start().await;
    let (ada, eve) = (app.access_token_of("ada").await, app.access_token_of("eve").await);
    let created = app.create_key(&ada, json!({ "name": "k" })).await;
    let revoke = async |id: &str| app.call(Method::DELETE, &format!("{KEYS}/{id}"), Some(&eve), None).await;
    let absent = revoke("key_01h455vb4pex5vsknk084sn02q").await;
    assert_eq!((absent.status, absent.problem()), (StatusCode::NOT_FOUND, "not-found"));
    for id in [created.text("id").as_str(), "nonsense", "usr_01h455vb4pex5vsknk084sn02q"] {
        let answer = revoke(id).await;
        assert_eq!((answer.status, &answer.json), (absent.status, &absent.json), "{id}");
    }
    assert!(app.verify(&created.text("key")).await.is_ok());
    assert_eq!(app.get(KEYS, &eve).await.json["items"], json!([]));
}

/// F3: a key gives away no more than its creator has.
#[tokio::test]
async fn scopes_do_not_escalate() {
    let app = App::start().await;
    let session = app.verify(&app.access_token_of("ada").await).await.unwrap();
    let create = async |held: &[Scope], body: Value| {
        let caller = Principal { scopes: held.iter().copied().collect(), ..session.clone() };
        app.call_as(Method::POST, KEYS, Some(caller), Some(body)).await
    };
    let held = [Scope::AccountWrite, Scope::FacesRead];
    for scopes in [json!(["faces:write"]), json!(["faces:read", "account:read"])] {
        let refused = create(&held, json!({ "name": "more", "scopes": scopes })).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"));
    }
    let less = create(&held, json!({ "name": "less" })).await;
    assert_eq!(less.json["scopes"], json!(["faces:read"]));
    let none = create(&[Scope::AccountWrite], json!({ "name": "none" })).await;
    assert_eq!(none.problem(), "forbidden");
}

/// S7: a key makes no keys that would outlive it, whatever it may; revoking it may.
#[tokio::test]
async fn a_key_revokes_keys_and_makes_none() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "janitor", "scopes": ["account:write", "faces:read"] });
    let janitor = app.create_key(&token, body).await.text("key");
    let refused = app.create_key(&janitor, json!({ "name": "heir", "scopes": ["faces:read"] })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"));
    assert!(refused.text("detail").contains("signed-in user"), "{}", refused.json);
    let other = app.create_key(&token, json!({ "name": "other" })).await;
    let path = format!("{KEYS}/{}", other.text("id"));
    assert_eq!(app.call(Method::DELETE, &path, Some(&janitor), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.verify(&other.text("key")).await, Err(VerifyError::Invalid));
}

#[tokio::test]
async fn unacceptable_values_are_pointed_at() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let long = "n".repeat(101);
    let cases = [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "  " }), "/name"),
        (json!({ "name": long }), "/name"),
        (json!({ "name": "a\u{7}" }), "/name"),
        (json!({ "name": 1 }), "/name"),
        (json!({ "name": "k", "scopes": [] }), "/scopes"),
        (json!({ "name": "k", "scopes": ["faces:all"] }), "/scopes/0"),
        (json!({ "name": "k", "scopes": "faces:read" }), "/scopes"),
        (json!({ "name": "k", "expires_at": "2026-01-02T03:04:05.5Z" }), "/expires_at"),
        (json!({ "name": "k", "expires_at": "tomorrow" }), "/expires_at"),
        (json!({ "name": "k", "expires_at": 5 }), "/expires_at"),
        (json!({ "name": "k", "key": "mine" }), "/key"),
    ];
    for (body, pointer) in cases {
        assert_eq!(app.create_key(&token, body.clone()).await.pointer(), pointer, "{body}");
    }
    let anonymous = app.call(Method::POST, KEYS, None, Some(json!({ "name": "k" }))).await;
    assert_eq!(anonymous.problem(), "unauthenticated");
}

/// F3: an account's keys are bounded; a revoked or expired one makes room.
#[tokio::test]
async fn keys_of_an_account_are_bounded() {
    let app = App::start_with(Config { api_keys_per_account_max: 2, ..Config::default() }).await;
    let token = app.access_token_of("ada").await;
    let first = app.create_key(&token, json!({ "name": "1" })).await;
    let body = json!({ "name": "2", "expires_at": "2026-01-02T03:04:10Z" });
    assert_eq!(app.create_key(&token, body).await.status, StatusCode::CREATED);
    assert_eq!(app.create_key(&token, json!({ "name": "3" })).await.problem(), "validation-failed");
    app.call(Method::DELETE, &format!("{KEYS}/{}", first.text("id")), Some(&token), None).await;
    assert_eq!(app.create_key(&token, json!({ "name": "3" })).await.status, StatusCode::CREATED);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(app.create_key(&token, json!({ "name": "4" })).await.status, StatusCode::CREATED);
}

/// F3: keys that are made and revoked at once are bounded too.
#[tokio::test]
async fn keys_made_in_a_day_are_bounded() {
    let app = App::start_with(Config { api_keys_per_day_max: 3, ..Config::default() }).await;
    let token = app.access_token_of("ada").await;
    for _ in 0..3 {
        let created = app.create_key(&token, json!({ "name": "k" })).await;
        let path = format!("{KEYS}/{}", created.text("id"));
        app.call(Method::DELETE, &path, Some(&token), None).await;
        app.clock.advance(Duration::from_secs(60));
    }
    let refused = app.create_key(&token, json!({ "name": "k" })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    let wait = 24 * 60 * 60 - 3 * 60;
    assert_eq!(refused.headers[header::RETRY_AFTER], wait.to_string().as_str());
    let bystander = app.access_token_of("eve").await;
    assert_eq!(app.create_key(&bystander, json!({ "name": "k" })).await.status, StatusCode::CREATED);
    app.clock.advance(Duration::from_secs(wait));
    let token = app.log_in("ada").await.text("access_token");
    assert_eq!(app.create_key(&token, json!({ "name": "k" })).await.status, StatusCode::CREATED);
    assert_eq!(app.create_key(&token, json!({ "name": "k" })).await.problem(), "rate-limited");
}

/// F3: what ended long ago is deleted, in batches and to the last row; what lives or ended lately is not.
#[tokio::test]
async fn keys_that_ended_long_ago_are_deleted() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let revoked = app.create_key(&token, json!({ "name": "revoked" })).await;
    app.call(Method::DELETE, &format!("{KEYS}/{}", revoked.text("id")), Some(&token), None).await;
    let body = json!({ "name": "expired", "expires_at": "2026-01-03T03:04:05.5Z" });
    app.create_key(&token, body).await;
    let living = app.create_key(&token, json!({ "name": "living" })).await.text("key");
    app.execute_on(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
         INSERT INTO api_keys (id, account_id, user_id, name, scopes, secret_hash, created_at, revoked_at)
         SELECT randomblob(16), account_id, user_id, 'old', scopes, secret_hash, created_at, created_at
         FROM api_keys, n WHERE name = 'living'",
        "INSERT INTO api_keys (id, account_id, user_id, name, scopes, secret_hash, created_at, revoked_at)
         SELECT gen_random_uuid(), account_id, user_id, 'old', scopes, secret_hash, created_at, created_at
         FROM api_keys, generate_series(1, 1100) WHERE name = 'living'",
    )
    .await;
    app.clock.advance(Duration::from_hours(90 * 24) - Duration::from_secs(1));
    let app = app.restart(Config::default()).await;
    assert_eq!(app.count("SELECT count(*) FROM api_keys").await, 1_103, "not before 90 days");
    app.clock.advance(Duration::from_secs(1));
    let mut app = app;
    // One end of the process deletes one batch at least.
    for _ in 0..3 {
        app = app.restart(Config::default()).await;
    }
    assert_eq!(app.count("SELECT count(*) FROM api_keys").await, 2, "revoked 90 days ago");
    let token = app.log_in("ada").await.text("access_token");
    let names = async |app: &App| {
        let list = app.get(KEYS, &token).await;
        let items = list.json["items"].as_array().unwrap().clone();
        items.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&app).await, ["living", "expired"]);
    app.clock.advance(Duration::from_hours(24));
    let app = app.restart(Config::default()).await;
    let token = app.log_in("ada").await.text("access_token");
    let list = app.get(KEYS, &token).await;
    let items = list.json["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["name"]), (1, &json!("living")));
    assert!(app.verify(&living).await.is_ok());
}

/// S7: the last use is written behind the requests, at the latest at the end.
#[tokio::test]
async fn the_last_use_survives_a_restart() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    app.clock.advance(Duration::from_secs(7));
    app.verify(&key).await.unwrap();
    assert_eq!(app.get(KEYS, &token).await.json["items"][0]["last_used_at"], Value::Null, "not yet written");
    let app = app.restart(Config::default()).await;
    let list = app.get(KEYS, &token).await;
    assert_eq!(list.json["items"][0]["last_used_at"], "2026-01-02T03:04:12.500000Z");
}

/// N9: sent again with its `Idempotency-Key`, a request makes no second key and shows no secret again.
#[tokio::test]
async fn a_repeated_request_makes_one_key() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let principal = app.verify(&token).await.unwrap();
    let send = async |name: &str| {
        let request = http::Request::post(KEYS).header("content-type", "application/json");
        let request = request.header("idempotency-key", "k1").extension(principal.clone());
        app.send(request.body(json!({ "name": name }).to_string().into()).unwrap()).await
    };
    let (first, again) = (send("door").await, send("door").await);
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.text("id"), first.text("id"));
    assert!(app.verify(&first.text("key")).await.is_ok());
    assert!(again.json.get("key").is_none(), "{}", again.json);
    assert_eq!(send("window").await.problem(), "idempotency-key-reused");
    let list = app.get(KEYS, &token).await;
    assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
    app.call(Method::DELETE, &format!("{KEYS}/{}", first.text("id")), Some(&token), None).await;
    assert_eq!(send("door").await.problem(), "not-found", "it is not made again");
}

/// N9: a request that was refused may be sent again.
#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let principal = app.verify(&token).await.unwrap();
    let send = async |body: Value| {
        let request = http::Request::post(KEYS).header("content-type", "application/json");
        let request = request.header("idempotency-key", "k1").extension(principal.clone());
        app.send(request.body(body.to_string().into()).unwrap()).await
    };
    assert_eq!(send(json!({ "name": "" })).await.problem(), "validation-failed");
    assert_eq!(send(json!({ "name": "door" })).await.status, StatusCode::CREATED);
}
