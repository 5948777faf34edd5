use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_contract::verifier::VerifyError;

use crate::support::App;

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

async fn refused(app: &App, token: &str) {
    assert_eq!(app.verify(token).await, Err(VerifyError::Invalid), "{token}");
}

/// F2: what is in a token, for other implementations to check.
#[tokio::test]
async fn a_token_says_what_the_contract_promises() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let header = part(&token, 0);
    assert_eq!(header["alg"], "EdDSA");
    assert!(header["kid"].is_string());
    let claims = part(&token, 1);
    let now = 1_767_323_045; // 2026-01-02T03:04:05Z
    assert_eq!(claims["iss"], "prosopa");
    assert_eq!(claims["aud"], "prosopa");
    assert!(claims["sub"].as_str().unwrap().starts_with("usr_"));
    assert!(claims["sid"].as_str().unwrap().starts_with("ses_"));
    assert!(claims["jti"].is_string());
    assert_eq!(
        (&claims["iat"], &claims["nbf"], &claims["exp"]),
        (&json!(now), &json!(now), &json!(now + 900))
    );
}

/// F2: the published key verifies the tokens.
#[tokio::test]
async fn the_published_key_verifies_a_token() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let jwks = app.call(Method::GET, "/.well-known/jwks.json", None, None).await;
    assert_eq!(jwks.headers[http::header::CACHE_CONTROL], "public, max-age=600");
    let jwk = &jwks.json["keys"][0];
    assert_eq!(
        (&jwk["kid"], &jwk["alg"], &jwk["use"]),
        (&part(&token, 0)["kid"], &json!("EdDSA"), &json!("sig"))
    );
    let key = serde_json::from_value::<jsonwebtoken::jwk::Jwk>(jwk.clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&key).unwrap();
    let mut validation = jsonwebtoken::Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["prosopa"]);
    validation.validate_exp = false;
    assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
}

/// F2: an unsigned token is refused.
#[tokio::test]
async fn alg_none_is_refused() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let claims = token.split('.').nth(1).unwrap();
    let signature = token.split('.').nth(2).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = encoded(&json!({ "typ": "JWT", "alg": alg, "kid": part(&token, 0)["kid"] }));
        refused(&app, &format!("{header}.{claims}.")).await;
        refused(&app, &format!("{header}.{claims}.{signature}")).await;
    }
}

/// F2: a token signed symmetrically with the public key is refused (algorithm confusion).
#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
    let jwks = app.call(Method::GET, "/.well-known/jwks.json", None, None).await;
    let x = jwks.json["keys"][0]["x"].as_str().unwrap();
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    for secret in [raw.as_slice(), x.as_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some(kid.clone()), ..Header::new(algorithm) };
            let forged = encode(&header, &part(&token, 1), &EncodingKey::from_secret(secret)).unwrap();
            refused(&app, &forged).await;
        }
    }
}

/// F2: another key does not sign for ours, under any name.
#[tokio::test]
async fn a_foreign_key_is_refused() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let foreign = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    let foreign = EncodingKey::from_ed_der(foreign.as_ref());
    let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
    for kid in [Some(kid), Some("unknown".to_owned()), Some("../../dev/null".to_owned()), None] {
        let header = Header { kid, ..Header::new(Algorithm::EdDSA) };
        refused(&app, &encode(&header, &part(&token, 1), &foreign).unwrap()).await;
    }
}

/// F2: a changed header, payload or signature is refused.
#[tokio::test]
async fn a_tampered_token_is_refused() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let bob = app.access_token_of("bob").await;
    let parts: Vec<_> = token.split('.').collect();
    let mut claims = part(&token, 1);
    claims["sub"] = part(&bob, 1)["sub"].clone();
    refused(&app, &format!("{}.{}.{}", parts[0], encoded(&claims), parts[2])).await;
    let mut claims = part(&token, 1);
    claims["exp"] = json!(4_000_000_000_u64);
    refused(&app, &format!("{}.{}.{}", parts[0], encoded(&claims), parts[2])).await;
    let mut header = part(&token, 0);
    header["kid"] = json!("other");
    refused(&app, &format!("{}.{}.{}", encoded(&header), parts[1], parts[2])).await;
    refused(&app, &format!("{}.{}.{}", parts[0], parts[1], bob.split('.').nth(2).unwrap())).await;
    for text in ["", ".", "..", "a.b.c", "Bearer", &token[1..], &format!("{token}.x"), &token.repeat(20)] {
        refused(&app, text).await;
    }
}

/// F2: a genuine token for somebody else, or from somebody else, is refused.
#[tokio::test]
async fn issuer_and_audience_must_be_ours() {
    let app = App::start().await;
    app.register("ada").await;
    for config in [
        Config { issuer: "elsewhere".into(), ..Config::default() },
        Config { audience: "elsewhere".into(), ..Config::default() },
    ] {
        // It shares the signing key and the session.
        let twin = app.twin(config).await;
        let token = twin.log_in("ada").await.text("access_token");
        assert!(twin.verify(&token).await.is_ok());
        refused(&app, &token).await;
    }
}

/// F2: an access token works for 15 minutes, not a second longer.
#[tokio::test]
async fn a_token_expires_to_the_second() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    app.clock.advance(Duration::from_secs(899));
    assert!(app.verify(&token).await.is_ok());
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.verify(&token).await, Err(VerifyError::Expired));
    let kid = part(&token, 0);
    let forged = format!("{}.{}.{}", encoded(&kid), encoded(&part(&token, 1)), "A".repeat(86));
    assert_eq!(app.verify(&forged).await, Err(VerifyError::Invalid), "only genuine tokens have expired");
}

/// F2: a token is not valid before its time.
#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    let app = App::start().await;
    app.register("ada").await;
    let twin = app.twin(Config::default()).await;
    twin.clock.advance(Duration::from_secs(1));
    let token = twin.log_in("ada").await.text("access_token");
    refused(&app, &token).await;
    app.clock.advance(Duration::from_secs(1));
    assert!(app.verify(&token).await.is_ok());
}

/// F2: clocks may differ by the leeway that is configured, in both directions.
#[tokio::test]
async fn leeway_is_granted_where_configured() {
    let config = Config { clock_leeway_seconds: 2, ..Config::default() };
    let app = App::start_with(config.clone()).await;
    app.register("ada").await;
    let twin = app.twin(config).await;
    twin.clock.advance(Duration::from_secs(2));
    let early = twin.log_in("ada").await.text("access_token");
    assert!(app.verify(&early).await.is_ok());
    twin.clock.advance(Duration::from_secs(901));
    assert!(twin.verify(&early).await.is_ok());
    twin.clock.advance(Duration::from_secs(1));
    assert_eq!(twin.verify(&early).await, Err(VerifyError::Expired));
}
