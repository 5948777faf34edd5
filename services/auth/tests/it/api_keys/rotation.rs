use std::time::Duration;

use futures::future::join_all;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use prosopa_contract::verifier::VerifyError;
use prosopa_model::Timestamp;

use super::KEYS;
use crate::support::{Answer, App};

async fn rotate(app: &App, credential: &str, id: &str, body: Value) -> Answer {
    app.call(Method::POST, &format!("{KEYS}/{id}/rotate"), Some(credential), Some(body)).await
}

/// Of these texts, how many open their key.
async fn count_live(app: &App, texts: &[String]) -> usize {
    let verified = join_all(texts.iter().map(|text| app.verify(text))).await;
    verified.iter().filter(|verified| verified.is_ok()).count()
}

/// F3, S7: both secrets work until the grace ends, and the key shows how old each is.
#[tokio::test]
async fn the_old_secret_works_until_the_grace_ends() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let created = app.create_key(&token, json!({ "name": "k" })).await;
    let (id, old) = (created.text("id"), created.text("key"));
    assert_eq!(
        created.json["secrets"],
        json!([{ "created_at": "2026-01-02T03:04:05.500000Z", "ends_at": null }])
    );
    app.clock.advance(Duration::from_secs(10));
    let rotated = rotate(&app, &token, &id, json!({ "grace_seconds": 60 })).await;
    assert_eq!(
        (rotated.status, &rotated.headers[header::CACHE_CONTROL]),
        (StatusCode::OK, &"no-store".parse().unwrap())
    );
    let new = rotated.text("key");
    assert_eq!(
        rotated.json["secrets"],
        json!([
            { "created_at": "2026-01-02T03:04:15.500000Z", "ends_at": null },
            { "created_at": "2026-01-02T03:04:05.500000Z", "ends_at": "2026-01-02T03:05:15.500000Z" },
        ])
    );
    assert_eq!((rotated.text("id"), rotated.text("prefix")), (id.clone(), created.text("prefix")));
    let shown = app.get(&format!("{KEYS}/{id}"), &token).await.json;
    let mut expected = rotated.json.clone();
    expected.as_object_mut().unwrap().remove("key");
    assert_eq!(shown, expected);
    let holds_until = async |text: &str| app.examine(text).await.unwrap().valid_until;
    assert_eq!(holds_until(&old).await, Some("2026-01-02T03:05:15.5Z".parse().unwrap()));
    assert_eq!(holds_until(&new).await, Some(Timestamp::MAX));
    app.clock.advance(Duration::from_micros(59_999_999));
    assert_eq!(app.verify(&old).await.unwrap(), app.verify(&new).await.unwrap());
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(app.verify(&old).await, Err(VerifyError::Invalid));
    assert!(app.verify(&new).await.is_ok());
    let shown = app.get(&format!("{KEYS}/{id}"), &token).await.json;
    assert_eq!(shown["secrets"].as_array().unwrap().len(), 1);
}

/// F3: without a grace, the old secret is revoked with the rotation; unless said, it has a day.
#[tokio::test]
async fn the_grace_may_be_none_and_is_a_day_by_default() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let created = app.create_key(&token, json!({ "name": "k" })).await;
    let id = created.text("id");
    let second = rotate(&app, &token, &id, json!({ "grace_seconds": 0 })).await;
    assert_eq!(app.verify(&created.text("key")).await, Err(VerifyError::Invalid));
    assert_eq!(second.json["secrets"].as_array().unwrap().len(), 1);
    let third = rotate(&app, &token, &id, json!({})).await;
    assert_eq!(third.json["secrets"][1]["ends_at"], "2026-01-03T03:04:05.500000Z");
    assert!(app.verify(&second.text("key")).await.is_ok());
}

/// F3: a rotation during the grace ends the oldest secret, whatever time it had left.
#[tokio::test]
async fn a_second_rotation_ends_the_oldest_secret() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let created = app.create_key(&token, json!({ "name": "k" })).await;
    let id = created.text("id");
    let second = rotate(&app, &token, &id, json!({ "grace_seconds": 604_800 })).await.text("key");
    let third = rotate(&app, &token, &id, json!({ "grace_seconds": 1 })).await.text("key");
    assert_eq!(app.verify(&created.text("key")).await, Err(VerifyError::Invalid));
    assert_eq!(count_live(&app, &[second.clone(), third.clone()]).await, 2);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.verify(&second).await, Err(VerifyError::Invalid));
    assert!(app.verify(&third).await.is_ok());
}

/// F3: however many rotate at once, one secret is the newest and one other works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_rotations_leave_two_secrets() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let created = app.create_key(&token, json!({ "name": "k" })).await;
    let id = created.text("id");
    let rotations = (0..20).map(|_| rotate(&app, &token, &id, json!({ "grace_seconds": 60 })));
    let texts: Vec<String> = join_all(rotations).await.iter().map(|answer| answer.text("key")).collect();
    assert_eq!(count_live(&app, &texts).await, 2);
    assert_eq!(app.verify(&created.text("key")).await, Err(VerifyError::Invalid));
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(count_live(&app, &texts).await, 1, "the newest");
}

/// N9: sent again with its `Idempotency-Key`, a rotation is done once and shows no secret again.
#[tokio::test]
async fn a_repeated_rotation_is_done_once() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let principal = app.verify(&token).await.unwrap();
    let id = app.create_key(&token, json!({ "name": "k" })).await.text("id");
    let send = async |grace_seconds: u64| {
        let request =
            http::Request::post(format!("{KEYS}/{id}/rotate")).header("content-type", "application/json");
        let request = request.header("idempotency-key", "k1").extension(principal.clone());
        app.send(request.body(json!({ "grace_seconds": grace_seconds }).to_string().into()).unwrap()).await
    };
    assert_eq!(send(604_801).await.pointer(), "/grace_seconds", "and the key is free again");
    let (first, again) = (send(0).await, send(0).await);
    assert_eq!((first.status, again.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.text("id"), id);
    assert!(again.json.get("key").is_none(), "{}", again.json);
    assert!(app.verify(&first.text("key")).await.is_ok());
    assert_eq!(send(1).await.problem(), "idempotency-key-reused");
}

/// F3: a key cannot outlive its own revocation in another secret.
#[tokio::test]
async fn a_key_rotates_none() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "janitor", "scopes": ["account:write", "account:read"] });
    let created = app.create_key(&token, body).await;
    let refused =
        rotate(&app, &created.text("key"), &created.text("id"), json!({ "grace_seconds": 0 })).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"));
    assert!(app.verify(&created.text("key")).await.is_ok());
}

/// F3: a foreign key and a revoked one answer like one that never was; an expired one says so.
#[tokio::test]
async fn only_the_accounts_live_keys_are_rotated_or_shown() {
    let app = App::start().await;
    let (ada, eve) = (app.access_token_of("ada").await, app.access_token_of("eve").await);
    let created = app.create_key(&ada, json!({ "name": "k", "expires_at": "2026-01-02T03:05:00Z" })).await;
    let id = created.text("id");
    let absent = rotate(&app, &eve, "key_01h455vb4pex5vsknk084sn02q", json!({})).await;
    assert_eq!(absent.problem(), "not-found");
    let foreign = rotate(&app, &eve, &id, json!({})).await;
    assert_eq!((foreign.status, &foreign.json), (absent.status, &absent.json));
    assert_eq!(app.get(&format!("{KEYS}/{id}"), &eve).await.json, absent.json);
    assert!(app.verify(&created.text("key")).await.is_ok());
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.get(&format!("{KEYS}/{id}"), &ada).await.json["is_active"], false);
    assert_eq!(rotate(&app, &ada, &id, json!({})).await.problem(), "validation-failed");
    app.call(Method::DELETE, &format!("{KEYS}/{id}"), Some(&ada), None).await;
    assert_eq!(rotate(&app, &ada, &id, json!({})).await.json, absent.json);
    assert_eq!(app.get(&format!("{KEYS}/{id}"), &ada).await.json, absent.json);
}

#[tokio::test]
async fn unacceptable_graces_are_pointed_at() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let id = app.create_key(&token, json!({ "name": "k" })).await.text("id");
    for grace in [json!(604_801), json!(-1), json!("1"), json!(0.5), json!(null)] {
        let refused = rotate(&app, &token, &id, json!({ "grace_seconds": grace })).await;
        assert_eq!(refused.pointer(), "/grace_seconds", "{grace}");
    }
}
