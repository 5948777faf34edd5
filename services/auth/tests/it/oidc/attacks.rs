use std::time::Duration;

use futures::future::join_all;
use http::StatusCode;
use serde_json::json;

use super::{
    browser::{
        OIDC, SignIn, begin, claims, come_back, config_of, expect_nothing, get, session_of, sign_in,
        start_with,
    },
    provider::Provider,
};
use crate::support::App;

/// A sign-in that `ada` has at the provider, all but back.
async fn almost_back(app: &App, provider: &Provider) -> SignIn {
    let begun = begin(app).await;
    let honest = claims(app, provider, &begun);
    provider.script(|script| script.claims = honest);
    begun
}

/// A1: who lures somebody to the end of the own sign-in signs nobody in as oneself.
#[tokio::test]
async fn another_browser_cannot_end_a_sign_in() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let (eves, adas) = (almost_back(&app, &provider).await, begin(&app).await);
    let lure = format!("{OIDC}/google/callback?code=c&state={}", eves.state());
    let tampered = format!("{}x", eves.cookie);
    let cut = &eves.cookie[..eves.cookie.len() - 1];
    let unprotected = eves.cookie.replace("__Host-", "");
    let twice = format!("{}; {}", eves.cookie, eves.cookie);
    let huge = format!("__Host-prosopa_sign_in={}", "A".repeat(100_000));
    for cookie in
        [None, Some(&*adas.cookie), Some(&tampered), Some(cut), Some(&unprotected), Some(&twice), Some(&huge)]
    {
        let refused = get(&app, &lure, cookie).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"), "{cookie:?}");
        expect_nothing(&app, "a lure").await;
    }
    session_of(&come_back(&app, &eves).await);
}

/// A1: a sign-in comes back once, also where many come at the same time.
#[tokio::test]
async fn a_sign_in_comes_back_once() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let begun = almost_back(&app, &provider).await;
    let answers = join_all((0..10).map(|_| come_back(&app, &begun))).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == StatusCode::SEE_OTHER);
    assert_eq!((won.len(), lost.len()), (1, 9));
    assert!(lost.iter().all(|answer| answer.problem() == "forbidden"));
    assert_eq!(come_back(&app, &begun).await.problem(), "forbidden");
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
}

/// A1: it has ten minutes.
#[tokio::test]
async fn a_sign_in_that_took_too_long_is_over() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let begun = begin(&app).await;
    app.clock.advance(Duration::from_secs(600));
    let honest = claims(&app, &provider, &begun);
    provider.script(|script| script.claims = honest);
    assert_eq!(come_back(&app, &begun).await.problem(), "forbidden");
    let begun = begin(&app).await;
    app.clock.advance(Duration::from_secs(599));
    let honest = claims(&app, &provider, &begun);
    provider.script(|script| script.claims = honest);
    session_of(&come_back(&app, &begun).await);
}

#[tokio::test]
async fn sign_ins_that_came_back_are_forgotten_when_they_would_be_too_old() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    session_of(&sign_in(&app, &provider, json!({})).await);
    let returns = async |app: &App| app.count("SELECT count(*) FROM oidc_returns").await;
    app.clock.advance(Duration::from_secs(599));
    let app = app.restart(config_of(&[("google", &provider)])).await;
    assert_eq!(returns(&app).await, 1, "it could still come back");
    app.clock.advance(Duration::from_secs(1));
    let app = app.restart(config_of(&[("google", &provider)])).await;
    assert_eq!(returns(&app).await, 0);
}

/// A1: a code of an honest provider is not shown to one that pretends to have sent it (RFC 9207, section 4).
#[tokio::test]
async fn providers_are_not_mixed_up() {
    let (honest, evil) = (Provider::start().await, Provider::start().await);
    let app = App::start_with(config_of(&[("google", &honest), ("evil", &evil)])).await;
    for (path, issuer) in [
        // The answer of one at the address of the other.
        ("evil", ""),
        ("google", &*format!("&iss={}", evil.issuer())),
        ("google", "&iss="),
        ("google", &*format!("&iss={}/", honest.issuer())),
    ] {
        let begun = almost_back(&app, &honest).await;
        let path = format!("{OIDC}/{path}/callback?code=c&state={}{issuer}", begun.state());
        assert_eq!(get(&app, &path, Some(&begun.cookie)).await.problem(), "forbidden", "{path}");
    }
    for provider in [&honest, &evil] {
        assert!(provider.seen(|seen| seen.form.is_empty()), "nobody was shown the code");
    }
    let begun = almost_back(&app, &honest).await;
    let path = format!("{OIDC}/google/callback?code=c&state={}&iss={}", begun.state(), honest.issuer());
    session_of(&get(&app, &path, Some(&begun.cookie)).await);
}

/// A provider that says that it names itself has to.
#[tokio::test]
async fn a_provider_that_always_names_itself_is_held_to_it() {
    let provider = Provider::start().await;
    provider.script(|script| {
        script.metadata = json!({ "authorization_response_iss_parameter_supported": true });
    });
    let app = start_with(&provider).await;
    let begun = almost_back(&app, &provider).await;
    assert_eq!(come_back(&app, &begun).await.problem(), "forbidden");
}

/// A1: codes that are made up or used are the provider's to refuse.
#[tokio::test]
async fn a_code_that_the_provider_refuses_signs_nobody_in() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    provider.script(|script| {
        script.token_answer = Some((StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" })));
    });
    assert_eq!(sign_in(&app, &provider, json!({})).await.problem(), "forbidden");
    for query in ["error=access_denied", "", "error=access_denied&code=c"] {
        let begun = begin(&app).await;
        let path = format!("{OIDC}/google/callback?state={}&{query}", begun.state());
        assert_eq!(get(&app, &path, Some(&begun.cookie)).await.problem(), "forbidden", "{query}");
    }
    assert_eq!(
        get(&app, &format!("{OIDC}/google/callback?code=c"), None).await.problem(),
        "validation-failed"
    );
    expect_nothing(&app, "refused codes").await;
}

/// A1: no link to the sign-in leads to another site.
#[tokio::test]
async fn a_sign_in_leads_back_to_this_host_only() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    for away in
        ["https://evil.example", "//evil.example", "/%5Cevil.example", "/%09/evil.example", "", "dashboard"]
    {
        let refused = get(&app, &format!("{OIDC}/google/start?return_to={away}"), None).await;
        assert_eq!(refused.pointer(), "?return_to", "{away}");
    }
}

/// What lies in the browser tells nothing of the sign-in, and another key's is none.
#[tokio::test]
async fn what_the_browser_keeps_is_sealed() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let begun = begin(&app).await;
    let kept = begun.cookie.split_once('=').unwrap().1;
    for told in [begun.state(), &begun.asked["nonce"], "dashboard"] {
        assert!(!kept.contains(told));
    }
    let stranger = start_with(&provider).await;
    assert_eq!(come_back(&stranger, &begun).await.problem(), "forbidden");
}
