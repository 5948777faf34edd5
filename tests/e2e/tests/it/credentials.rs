use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use prosopa_harness::Product;

const ME: &str = "/api/v1/users/me";

/// F2: what is missing, made up, changed or unsigned is refused alike.
#[tokio::test]
async fn credentials_that_are_not_valid_are_refused() {
    let product = Product::start().await;
    let user = product.user().await;
    let stranger = product.stranger();
    assert_eq!(stranger.get(ME).await.refusal(), (401, "unauthenticated".into()));
    assert_eq!(stranger.get(ME).await.headers["www-authenticate"], "Bearer");

    let made = user.post("/api/v1/auth/api-keys", &serde_json::json!({ "name": "k" })).await;
    let key = made.text("/key");
    let token = user.token.clone().unwrap();
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let unsigned_head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let other_claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let other_claims = URL_SAFE_NO_PAD.encode(other_claims.replace("usr_", "usr_0"));
    for credential in [
        "nonsense".to_owned(),
        format!("{unsigned_head}.{claims}."),
        format!("{unsigned_head}.{claims}.{signature}"),
        format!("{head}.{other_claims}.{signature}"),
        format!("{head}.{claims}.{}", flip_first(signature)),
        format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { '1' } else { '0' }),
        "psp_live_x_y_z".to_owned(),
        "a".repeat(100_000),
    ] {
        let answer = stranger.with_token(&credential).get(ME).await;
        assert!(
            [401, 431].contains(&answer.status),
            "{}: {}",
            &credential[..20.min(credential.len())],
            answer.status
        );
    }
    assert_eq!(user.get(ME).await.status, 200);
}

fn flip_first(text: &str) -> String {
    let first = if text.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &text[1..])
}

/// F2: the keys that verify access tokens are public, their private halves are not.
#[tokio::test]
async fn the_key_set_is_public() {
    let product = Product::start().await;
    let keys = product.stranger().get("/.well-known/jwks.json").await;
    assert_eq!(keys.status, 200);
    let key = &keys.json()["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into()));
    assert!(key["kid"].is_string() && key["x"].is_string());
    assert!(key.get("d").is_none());
}
