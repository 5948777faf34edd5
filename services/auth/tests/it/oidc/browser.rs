//! A browser that signs in with a provider of a test.

use std::collections::{BTreeMap, HashMap};

use axum::body::Body;
use http::{Request, StatusCode, header};
use reqwest::Url;
use serde_json::{Value, json};

use prosopa_auth::{Config, OidcConfig};
use prosopa_model::Clock;

use super::provider::{Provider, overlay};
use crate::support::{Answer, App};

pub(crate) const OIDC: &str = "/api/v1/auth/oidc";

/// A product with the provider as `google`.
pub(crate) async fn start_with(provider: &Provider) -> App {
    App::start_with(config_of(&[("google", provider)])).await
}

pub(crate) fn config_of(providers: &[(&str, &Provider)]) -> Config {
    let providers = providers.iter().map(|(name, provider)| {
        let config = OidcConfig {
            issuer: provider.issuer().into(),
            client_id: "prosopa".into(),
            public_url: "https://app.example.org".into(),
            ..OidcConfig::default()
        };
        ((*name).to_owned(), config)
    });
    Config { oidc: providers.collect::<BTreeMap<_, _>>(), ..Config::default() }
}

/// A sign-in that has begun.
pub(crate) struct SignIn {
    /// What the provider is asked.
    pub(crate) asked: HashMap<String, String>,
    /// What the browser keeps: name and value.
    pub(crate) cookie: String,
}

impl SignIn {
    pub(crate) fn state(&self) -> &str {
        &self.asked["state"]
    }

    /// What the answer to a beginning says.
    pub(crate) fn of(begun: &Answer, location: &str) -> Self {
        let url = Url::parse(location).unwrap();
        let asked = url.query_pairs().into_owned().collect();
        let set = begun.headers[header::SET_COOKIE].to_str().unwrap();
        Self { asked, cookie: set.split_once(';').unwrap().0.to_owned() }
    }
}

pub(crate) async fn get(app: &App, path: &str, cookie: Option<&str>) -> Answer {
    let mut request = Request::get(path).header(header::HOST, "app.example.org");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

/// Begins to sign in.
pub(crate) async fn begin(app: &App) -> SignIn {
    let begun = get(app, &format!("{OIDC}/google/start?return_to=/dashboard"), None).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.json);
    SignIn::of(&begun, begun.headers[header::LOCATION].to_str().unwrap())
}

/// What an honest provider says of `ada`, in answer to a sign-in.
pub(crate) fn claims(app: &App, provider: &Provider, sign_in: &SignIn) -> Value {
    let now = app.clock.now().seconds();
    json!({
        "iss": provider.issuer(),
        "aud": "prosopa",
        "sub": "1815",
        "iat": now,
        "exp": now + 300,
        "nonce": sign_in.asked["nonce"],
        "email": "ada@example.org",
        "email_verified": true,
        "preferred_username": "ada",
    })
}

/// Comes back with a code, in the same browser.
pub(crate) async fn come_back(app: &App, sign_in: &SignIn) -> Answer {
    let path = format!("{OIDC}/google/callback?code=c&state={}", sign_in.state());
    get(app, &path, Some(&sign_in.cookie)).await
}

/// Signs in from beginning to end; the provider says this over what it would say of `ada`.
pub(crate) async fn sign_in(app: &App, provider: &Provider, over: Value) -> Answer {
    let begun = begin(app).await;
    let mut claims = claims(app, provider, &begun);
    overlay(&mut claims, &over);
    provider.script(|script| script.claims = claims);
    come_back(app, &begun).await
}

/// The session cookie's value in an answer that leads on.
pub(crate) fn session_of(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.json);
    let set = answer.headers.get_all(header::SET_COOKIE).iter().map(|set| set.to_str().unwrap());
    let mut session = set.filter_map(|set| set.strip_prefix("__Host-prosopa_session="));
    session.next().unwrap().split_once(';').unwrap().0.to_owned()
}

/// No session and no user came of it.
pub(crate) async fn expect_nothing(app: &App, what: &str) {
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 0, "{what}");
    assert_eq!(app.count("SELECT count(*) FROM users WHERE role = 'user'").await, 0, "{what}");
}
