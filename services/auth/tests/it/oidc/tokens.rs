use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use prosopa_model::Clock;

use super::{
    browser::{begin, claims, come_back, expect_nothing, session_of, sign_in, start_with},
    provider::{Provider, Signed},
};

/// A1: an ID token that is another's, of another time, or of another sign-in signs nobody in.
#[tokio::test]
async fn id_tokens_that_are_not_for_this_sign_in_are_refused() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let now = app.clock.now().seconds();
    for over in [
        json!({ "iss": "https://accounts.google.com" }),
        json!({ "iss": null }),
        json!({ "aud": "another" }),
        json!({ "aud": ["prosopa", "another"] }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "azp": "another" }),
        json!({ "exp": now - 60 }),
        json!({ "exp": null }),
        json!({ "iat": now + 61 }),
        json!({ "iat": now - 661 }),
        json!({ "iat": null }),
        json!({ "nbf": now + 61 }),
        json!({ "nonce": "another" }),
        json!({ "nonce": "" }),
        json!({ "nonce": null }),
        json!({ "sub": "" }),
        json!({ "sub": "s".repeat(256) }),
        json!({ "sub": null }),
    ] {
        let refused = sign_in(&app, &provider, over.clone()).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"), "{over}");
        assert!(!refused.headers.contains_key("set-cookie"));
        expect_nothing(&app, &over.to_string()).await;
    }
}

/// The limits of the same rules, from inside.
#[tokio::test]
async fn id_tokens_at_the_limits_are_taken() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let now = app.clock.now().seconds();
    for over in [
        json!({ "aud": ["prosopa"], "azp": "prosopa" }),
        json!({ "exp": now - 59 }),
        json!({ "iat": now + 60, "nbf": now + 60 }),
        json!({ "iat": now - 660 }),
    ] {
        session_of(&sign_in(&app, &provider, over).await);
    }
}

/// A1: the algorithm is the key's, whatever the token says.
#[tokio::test]
async fn id_tokens_with_another_signature_are_refused() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    for signed in [
        Signed::NotAtAll,
        Signed::WithThePublicKey,
        Signed::WithAnotherKey,
        Signed::ByAnUnknownName,
        Signed::BeforeAChange,
    ] {
        provider.script(|script| script.signed = signed);
        let refused = sign_in(&app, &provider, json!({})).await;
        assert_eq!(refused.problem(), "forbidden", "{signed:?}");
        expect_nothing(&app, &format!("{signed:?}")).await;
    }
    provider.script(|script| script.signed = Signed::Honestly);
    session_of(&sign_in(&app, &provider, json!({})).await);
}

/// Keys for other purposes, and shared secrets, sign nothing.
#[tokio::test]
async fn keys_for_other_purposes_are_not_taken() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    session_of(&sign_in(&app, &provider, json!({})).await);
    for kid in ["for secrecy", "shared", "of the future"] {
        let begun = begin(&app).await;
        let honest = claims(&app, &provider, &begun);
        provider.script(|script| (script.claims, script.kid) = (honest, kid.into()));
        assert_eq!(come_back(&app, &begun).await.problem(), "forbidden", "{kid}");
    }
}

/// A new key is found, and made-up names do not make us ask again and again.
#[tokio::test]
async fn keys_are_asked_for_once_a_minute_at_most() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let fetches = || provider.seen(|seen| seen.key_fetches);
    for _ in 0..2 {
        session_of(&sign_in(&app, &provider, json!({})).await);
    }
    assert_eq!(fetches(), 1);
    provider.script(|script| script.signed = Signed::ByAnUnknownName);
    for _ in 0..3 {
        sign_in(&app, &provider, json!({})).await;
    }
    assert_eq!(fetches(), 1);
    provider.script(|script| (script.signed, script.kid) = (Signed::Honestly, "two".into()));
    assert_eq!(sign_in(&app, &provider, json!({})).await.problem(), "forbidden");
    app.clock.advance(Duration::from_secs(60));
    session_of(&sign_in(&app, &provider, json!({})).await);
    assert_eq!(fetches(), 2);
}

/// A1: only a plain `true` says that the address is the person's.
#[tokio::test]
async fn an_address_that_is_not_verified_makes_nobody() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let over: [Value; 6] = [
        json!({ "email_verified": false }),
        json!({ "email_verified": "true" }),
        json!({ "email_verified": 1 }),
        json!({ "email_verified": null }),
        json!({ "email": "no address" }),
        json!({ "email": "ada@localhost" }),
    ];
    for over in over {
        assert_eq!(sign_in(&app, &provider, over.clone()).await.problem(), "forbidden", "{over}");
        expect_nothing(&app, &over.to_string()).await;
    }
}
