//! A1: signing in with a provider: honest ones, lying ones, and people in between who would like to be somebody else.

mod attacks;
mod browser;
mod people;
mod provider;
mod tokens;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};

use prosopa_auth::{Config, OidcConfig};

use self::{
    browser::{OIDC, begin, claims, come_back, config_of, get, session_of, sign_in, start_with},
    provider::Provider,
};
use crate::support::App;

/// A1: the provider is asked as the standards have it, and the browser comes back signed in.
#[tokio::test]
async fn a_person_signs_in_with_a_provider() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let begun = begin(&app).await;
    let asked = |name: &str| begun.asked[name].as_str();
    assert_eq!((asked("tenant"), asked("response_type"), asked("client_id")), ("1", "code", "prosopa"));
    assert_eq!(asked("redirect_uri"), "https://app.example.org/api/v1/auth/oidc/google/callback");
    assert_eq!((asked("scope"), asked("code_challenge_method")), ("openid email profile", "S256"));
    assert!(asked("state").len() == 43 && asked("nonce").len() == 43);
    assert!(begun.cookie.starts_with("__Host-prosopa_sign_in="));

    let honest = claims(&app, &provider, &begun);
    provider.script(|script| script.claims = honest);
    let answer = come_back(&app, &begun).await;
    let principal = app.verify_cookie(&session_of(&answer), None).await.unwrap();
    assert_eq!(answer.headers[header::LOCATION], "/dashboard");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let forgotten = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(forgotten.starts_with("__Host-prosopa_sign_in=; Path=/; Max-Age=0"), "{forgotten}");
    let me = app.call_as(http::Method::GET, "/api/v1/users/me", Some(principal), None).await;
    assert_eq!((me.text("user_name"), me.text("email")), ("ada".into(), "ada@example.org".into()));

    let form = provider.seen(|seen| seen.form.clone());
    let sent = |name: &str| form.iter().find(|(known, _)| known == name).unwrap().1.as_str();
    assert_eq!((sent("grant_type"), sent("code"), sent("client_id")), ("authorization_code", "c", "prosopa"));
    assert_eq!(sent("redirect_uri"), asked("redirect_uri"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(sent("code_verifier")));
    assert_eq!(challenge, asked("code_challenge"), "the verifier is the one that was announced");
}

#[tokio::test]
async fn providers_are_listed_and_others_are_not_there() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let listed = get(&app, OIDC, None).await;
    let google =
        json!({ "name": "google", "display_name": "Google", "start": "/api/v1/auth/oidc/google/start" });
    assert_eq!(listed.json, json!({ "items": [google] }));
    for path in ["/other/start", "/other/callback?state=s&code=c"] {
        assert_eq!(get(&app, &format!("{OIDC}{path}"), None).await.problem(), "not-found");
    }
    let none = App::start().await;
    assert_eq!(get(&none, OIDC, None).await.json, json!({ "items": [] }));
    assert_eq!(get(&none, &format!("{OIDC}/google/start"), None).await.problem(), "not-found");
}

/// The secret goes as the provider takes it, each part encoded like a form (RFC 6749, section 2.3.1).
#[tokio::test]
async fn a_client_with_a_secret_proves_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "s3:cr%t+\n").unwrap();
    let provider = Provider::start().await;
    for (methods, authorization, in_form) in [
        (json!(null), Some("Basic cHJvc29wYTpzMyUzQWNyJTI1dCUyQg=="), None),
        (
            json!(["client_secret_post", "client_secret_basic"]),
            Some("Basic cHJvc29wYTpzMyUzQWNyJTI1dCUyQg=="),
            None,
        ),
        (json!(["client_secret_post"]), None, Some("s3:cr%t+")),
    ] {
        provider
            .script(|script| script.metadata = json!({ "token_endpoint_auth_methods_supported": methods }));
        let mut config = config_of(&[("google", &provider)]);
        config.oidc.get_mut("google").unwrap().client_secret_file = Some(file.clone());
        let app = App::start_with(config).await;
        session_of(&sign_in(&app, &provider, json!({})).await);
        provider.seen(|seen| {
            assert_eq!(seen.authorization.as_deref(), authorization);
            let sent = seen.form.iter().find(|(name, _)| name == "client_secret");
            assert_eq!(sent.map(|(_, secret)| secret.as_str()), in_form);
        });
    }
}

/// An address that is not in the ID token is asked for.
#[tokio::test]
async fn a_provider_may_tell_the_address_elsewhere() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let without = json!({ "email": null, "email_verified": null, "preferred_username": null });
    provider.script(|script| {
        script.userinfo = json!({ "sub": "another", "email": "eve@example.org", "email_verified": true });
    });
    let refused = sign_in(&app, &provider, without.clone()).await;
    assert_eq!(refused.problem(), "forbidden", "what is said of somebody else");
    provider.script(|script| {
        script.userinfo = json!({ "sub": "1815", "email": "ada@example.org", "email_verified": true });
    });
    session_of(&sign_in(&app, &provider, without).await);
}

/// A provider that fails is unavailable; why, is told to operators only.
#[tokio::test]
async fn a_provider_that_fails_is_unavailable() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let large = "x".repeat(300 * 1024);
    for (status, answer) in [
        (StatusCode::INTERNAL_SERVER_ERROR, json!({})),
        (StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" })),
        (StatusCode::SEE_OTHER, json!({})),
        (StatusCode::OK, json!({ "access_token": "at" })),
        (StatusCode::OK, json!({ "access_token": "at", "id_token": large })),
    ] {
        provider.script(|script| script.token_answer = Some((status, answer.clone())));
        let failed = sign_in(&app, &provider, json!({})).await;
        assert_eq!((failed.status, failed.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
        assert!(!failed.json.to_string().contains(provider.issuer()));
    }
    browser::expect_nothing(&app, "failures").await;

    let gone = OidcConfig {
        issuer: "http://127.0.0.1:1".into(),
        ..config_of(&[("google", &provider)]).oidc["google"].clone()
    };
    let app = App::start_with(Config { oidc: [("google".into(), gone)].into(), ..Config::default() }).await;
    assert_eq!(get(&app, &format!("{OIDC}/google/start"), None).await.problem(), "unavailable");
}

/// A provider that speaks in another's name, or of places without TLS, is not followed there.
#[tokio::test]
async fn metadata_that_lead_elsewhere_are_refused() {
    let provider = Provider::start().await;
    for metadata in [
        json!({ "issuer": "https://accounts.google.com" }),
        json!({ "issuer": format!("{}/", provider.issuer()) }),
        json!({ "token_endpoint": "http://id.example.org/token" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
        json!({ "token_endpoint": null }),
    ] {
        provider.script(|script| script.metadata = metadata.clone());
        let app = start_with(&provider).await;
        let refused = get(&app, &format!("{OIDC}/google/start"), None).await;
        assert_eq!(refused.problem(), "unavailable", "{metadata}");
    }
}
