use serde_json::json;

use prosopa_harness::Product;

const CLIENTS: &str = "/api/v1/clients";
const SIGN_UP: &str = "/api/v1/clients/sign-up";

/// K1: without a user, a client gets its keys once; an administrator sees who is there.
#[tokio::test]
async fn a_client_signs_up_without_a_user() {
    let product = Product::start().await;
    let made = product.stranger().post(SIGN_UP, &json!({ "name": "onboarding" })).await;
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(made.headers["cache-control"], "no-store");
    assert!(made.text("/client/id").starts_with("cli_") && made.text("/access_key").starts_with("psa_"));
    let secret_key = made.text("/secret_key");
    assert!(secret_key.starts_with("pss_"));
    let users = product.administrator().await.get("/api/v1/users?sort=created_at").await.json();
    let kinds: Vec<_> = users["items"].as_array().unwrap().iter().map(|user| &user["kind"]).collect();
    assert_eq!(kinds, ["person", "program"]);
    for credential in [made.text("/access_key"), secret_key] {
        let refused = product.stranger().with_token(&credential).get(CLIENTS).await;
        assert_eq!(refused.refusal(), (401, "unauthenticated".into()), "they sign, and are no bearer tokens");
    }
}

/// K1: where sign-up is not open, only signed-in users make clients.
#[tokio::test]
async fn sign_up_may_be_closed() {
    let product = Product::start_with(&[("PROSOPA_AUTH__OPEN_CLIENT_SIGN_UP", "false")]).await;
    let refused = product.stranger().post(SIGN_UP, &json!({ "name": "c" })).await;
    assert_eq!(refused.refusal(), (403, "forbidden".into()));
    assert_eq!(product.user().await.post(CLIENTS, &json!({ "name": "c" })).await.status, 201);
}

/// K1: a user makes, lists, rotates and revokes clients; nobody else sees them.
#[tokio::test]
async fn a_user_looks_after_clients() {
    let product = Product::start().await;
    let (user, other) = (product.user().await, product.user().await);
    let made = user.post(CLIENTS, &json!({ "name": "c" })).await;
    let path = format!("{CLIENTS}/{}", made.text("/client/id"));
    let rotated = user.post(&format!("{path}/rotate"), &json!({ "grace_seconds": 3_600 })).await;
    assert_eq!(rotated.status, 200, "{}", rotated.json());
    assert_ne!(rotated.text("/secret_key"), made.text("/secret_key"));
    let list = user.get(CLIENTS).await.json();
    assert_eq!(list["items"], json!([rotated.json()["client"]]));
    let keys = &list["items"][0]["keys"];
    assert_eq!(
        (&keys[0]["access_key"], &keys[1]["access_key"]),
        (&rotated.json()["access_key"], &made.json()["access_key"])
    );
    assert_eq!(other.get(CLIENTS).await.json()["items"], json!([]));
    assert_eq!(other.get(&path).await.refusal(), (404, "not-found".into()));
    assert_eq!(other.delete(&path).await.refusal(), (404, "not-found".into()));
    assert_eq!(user.delete(&path).await.status, 204);
    assert_eq!(user.get(CLIENTS).await.json()["items"], json!([]));
}

/// F3: a rotated key works in both forms until the old one is reported as leaked, which ends both.
#[tokio::test]
async fn a_leaked_key_works_no_more() {
    let product = Product::start().await;
    let user = product.user().await;
    let made = user.post("/api/v1/auth/api-keys", &json!({ "name": "k" })).await;
    let path = format!("/api/v1/auth/api-keys/{}", made.text("/id"));
    let rotated = user.post(&format!("{path}/rotate"), &json!({})).await;
    let texts = [made.text("/key"), rotated.text("/key")];
    for text in &texts {
        assert_eq!(user.with_token(text).get("/api/v1/users/me").await.status, 200);
    }
    let report = json!({ "keys": [&texts[0], "psp_live_nonsense"] });
    let reported = product.stranger().post("/api/v1/auth/api-keys/leaked", &report).await;
    assert_eq!(reported.json(), json!({ "results": [{ "status": "revoked" }, { "status": "unknown" }] }));
    for text in &texts {
        let program = user.with_token(text);
        let refused = product.ask_after_the_end(async || program.get("/api/v1/users/me").await).await;
        assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
    }
}
