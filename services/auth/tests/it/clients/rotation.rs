use std::time::Duration;

use futures::future::join_all;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use prosopa_model::Principal;

use super::{CLIENTS, create, find, path_of, principal_of, public_key};
use crate::support::{Answer, App};

async fn rotate(app: &App, caller: &Principal, made: &Answer, body: Value) -> Answer {
    let path = format!("{}/rotate", path_of(made));
    app.call_as(Method::POST, &path, Some(caller.clone()), Some(body)).await
}

async fn count_live(app: &App, made: &[&Answer]) -> usize {
    let mut live = 0;
    for made in made {
        live += usize::from(find(app, &made.text("access_key")).await.is_some());
    }
    live
}

/// K1: both keys sign until the grace ends; a further rotation ends the oldest.
#[tokio::test]
async fn the_old_key_works_until_the_grace_ends() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let ada = app.verify(&token).await.unwrap();
    let first = create(&app, &token, json!({ "name": "c" })).await;
    let second = rotate(&app, &ada, &first, json!({ "grace_seconds": 60 })).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.json);
    assert_ne!(second.text("access_key"), first.text("access_key"));
    assert_ne!(second.text("secret_key"), first.text("secret_key"));
    let keys = &second.json["client"]["keys"];
    assert_eq!(
        (&keys[0]["access_key"], &keys[0]["ends_at"]),
        (&json!(second.text("access_key")), &Value::Null)
    );
    assert_eq!(
        (&keys[1]["access_key"], &keys[1]["ends_at"]),
        (&json!(first.text("access_key")), &json!("2026-01-02T03:05:05.500000Z"))
    );
    assert_eq!(count_live(&app, &[&first, &second]).await, 2);
    let of_both = [
        principal_of(&app, &first.text("access_key")).await,
        principal_of(&app, &second.text("access_key")).await,
    ];
    assert_eq!(of_both[0], of_both[1]);
    let third = rotate(&app, &ada, &first, json!({ "grace_seconds": 60 })).await;
    assert!(find(&app, &first.text("access_key")).await.is_none(), "whatever time it had left");
    assert_eq!(count_live(&app, &[&second, &third]).await, 2);
    app.clock.advance(Duration::from_micros(59_999_999));
    assert_eq!(count_live(&app, &[&second, &third]).await, 2);
    app.clock.advance(Duration::from_micros(1));
    assert!(find(&app, &second.text("access_key")).await.is_none());
    let fourth = rotate(&app, &ada, &first, json!({ "grace_seconds": 0 })).await;
    assert_eq!(count_live(&app, &[&third, &fourth]).await, 1, "at once");
    assert_eq!(app.count("SELECT count(*) FROM api_client_keys").await, 1, "and its secret is destroyed");
}

/// K1: however many rotate at once, one key is the newest and one other works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_rotations_leave_two_keys() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let ada = app.verify(&token).await.unwrap();
    let made = create(&app, &token, json!({ "name": "c" })).await;
    let rotations = (0..20).map(|_| rotate(&app, &ada, &made, json!({ "grace_seconds": 60 })));
    let rotated = join_all(rotations).await;
    assert_eq!(count_live(&app, &rotated.iter().collect::<Vec<_>>()).await, 2);
    assert!(find(&app, &made.text("access_key")).await.is_none());
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(count_live(&app, &rotated.iter().collect::<Vec<_>>()).await, 1);
}

/// K1: a revocation in the middle of rotations leaves nothing that signs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_among_rotations_ends_all_keys() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let ada = app.verify(&token).await.unwrap();
    let made = create(&app, &token, json!({ "name": "c" })).await;
    let rotations = join_all((0..10).map(|_| rotate(&app, &ada, &made, json!({}))));
    let path = path_of(&made);
    let revoke = app.call_as(Method::DELETE, &path, Some(ada.clone()), None);
    let (_, revoked) = futures::future::join(rotations, revoke).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(app.count("SELECT count(*) FROM api_client_keys").await, 0);
}

/// K1: a client gives itself another key; no other program does.
#[tokio::test]
async fn a_client_rotates_itself_alone() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let body = json!({ "name": "c", "scopes": ["account:read", "account:write"] });
    let [own, other] = [create(&app, &token, body.clone()).await, create(&app, &token, body.clone()).await];
    let client = principal_of(&app, &own.text("access_key")).await;
    let rotated = rotate(&app, &client, &own, json!({ "grace_seconds": 0 })).await;
    assert!(find(&app, &rotated.text("access_key")).await.is_some());
    assert!(find(&app, &own.text("access_key")).await.is_none());
    let key = app.create_key(&token, body).await.text("key");
    let key = app.verify(&key).await.unwrap();
    for (caller, made) in [(&client, &other), (&key, &own), (&key, &other)] {
        let refused = rotate(&app, caller, made, json!({})).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"));
    }
    let shown = app.call_as(Method::GET, &path_of(&own), Some(client.clone()), None).await;
    assert_eq!(shown.json, rotated.json["client"]);
    let revoked = app.call_as(Method::DELETE, &path_of(&own), Some(client), None).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
}

/// K2: a client with a key pair brings the next public key; one without brings none.
#[tokio::test]
async fn the_algorithm_stays() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let ada = app.verify(&token).await.unwrap();
    let paired = json!({ "name": "p", "algorithm": "ed25519", "public_key": public_key() });
    let paired = create(&app, &token, paired).await;
    let shared = create(&app, &token, json!({ "name": "s" })).await;
    let missing = rotate(&app, &ada, &paired, json!({})).await;
    assert_eq!(missing.pointer(), "/public_key");
    let needless = rotate(&app, &ada, &shared, json!({ "public_key": public_key() })).await;
    assert_eq!(needless.pointer(), "/public_key");
    assert_eq!(
        rotate(&app, &ada, &shared, json!({ "grace_seconds": 604_801 })).await.pointer(),
        "/grace_seconds"
    );
    let rotated = rotate(&app, &ada, &paired, json!({ "public_key": public_key() })).await;
    assert!(rotated.json.get("secret_key").is_none());
    assert_eq!(count_live(&app, &[&paired, &rotated]).await, 2);
}

/// N9: sent again with its `Idempotency-Key`, a rotation is done once and shows no secret again.
#[tokio::test]
async fn a_repeated_rotation_is_done_once() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let principal = app.verify(&token).await.unwrap();
    let made = create(&app, &token, json!({ "name": "c" })).await;
    let send = async |body: Value| {
        let request =
            Request::post(format!("{}/rotate", path_of(&made))).header("content-type", "application/json");
        let request = request.header("idempotency-key", "k1").extension(principal.clone());
        app.send(request.body(body.to_string().into()).unwrap()).await
    };
    let (first, again) = (send(json!({})).await, send(json!({})).await);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!((again.status, again.text("access_key")), (StatusCode::OK, first.text("access_key")));
    assert!(again.json.get("secret_key").is_none(), "{}", again.json);
    assert_eq!(send(json!({ "grace_seconds": 1 })).await.problem(), "idempotency-key-reused");
    let list = app.get(CLIENTS, &token).await;
    assert_eq!(list.json["items"][0]["keys"].as_array().unwrap().len(), 2);
}
