use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::json;

use prosopa_auth::Config;
use prosopa_contract::verifier::{CookieError, VerifyError};
use prosopa_http::cookies::CookieSecurity;
use prosopa_model::Credential;

use crate::support::{Answer, App, PASSWORD};

const SESSION: &str = "/api/v1/auth/session";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A browser's login at a host, with whatever cookies it has.
async fn sign_in_at(app: &App, host: &str, name: &str, cookies: Option<&str>) -> Answer {
    let mut request = Request::post(SESSION).header(header::HOST, host);
    if let Some(cookies) = cookies {
        request = request.header(header::COOKIE, cookies);
    }
    let body = json!({ "user_name": name, "password": PASSWORD }).to_string();
    app.send(request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap()).await
}

pub(crate) async fn sign_in(app: &App, name: &str) -> Answer {
    sign_in_at(app, "app.example.org", name, None).await
}

/// The value of the cookie that an answer sets.
pub(crate) fn secret_of(answer: &Answer) -> String {
    let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let (pair, _) = set.split_once(';').unwrap();
    pair.split_once('=').unwrap().1.to_owned()
}

/// R8, R3: a login sets a cookie that scripts cannot read, and gives no token but the one against forgery.
#[tokio::test]
async fn a_browser_is_given_a_cookie_and_no_tokens() {
    let app = App::start().await;
    let user = app.register("ada").await;
    let begun = sign_in(&app, "ada").await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.json);
    assert_eq!(begun.headers[header::CACHE_CONTROL], "no-store");
    let secret = secret_of(&begun);
    assert!(secret.starts_with("psc_") && secret.len() == 47, "{secret}");
    let attributes = begun.headers[header::SET_COOKIE].to_str().unwrap();
    assert_eq!(
        attributes,
        format!("__Host-prosopa_session={secret}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure")
    );
    assert_eq!(begun.json["user"]["id"], user.text("id"));
    assert_eq!(begun.json["expires_at"], "2026-02-01T03:04:05.500000Z");
    assert_eq!(begun.json.as_object().unwrap().len(), 3, "{}", begun.json);
    assert!(!begun.json.to_string().contains(&secret));
    let principal = app.verify_cookie(&secret, None).await.unwrap();
    assert_eq!(principal.user_id.to_string(), user.text("id"));
    assert!(matches!(principal.credential, Credential::Session(_)));
    assert_eq!(app.count("SELECT count(*) FROM refresh_tokens").await, 0);
}

/// R8: on the machine itself there is no TLS to keep a cookie to, unless the configuration says so.
#[tokio::test]
async fn the_cookie_is_kept_to_tls_everywhere_else() {
    let app = App::start().await;
    app.register("ada").await;
    let local = sign_in_at(&app, "localhost:8080", "ada", None).await;
    let set = local.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("prosopa_session=psc_") && !set.contains("Secure"), "{set}");
    let app = app.restart(Config { cookie_security: CookieSecurity::Tls, ..Config::default() }).await;
    let strict = sign_in_at(&app, "localhost:8080", "ada", None).await;
    let set = strict.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Host-prosopa_session=psc_") && set.ends_with("; Secure"), "{set}");
}

/// R8: what changes something takes the session's own token.
#[tokio::test]
async fn a_change_takes_the_token_of_the_very_session() {
    let app = App::start().await;
    app.register("ada").await;
    let [one, other] = [sign_in(&app, "ada").await, sign_in(&app, "ada").await];
    let (secret, token) = (secret_of(&one), one.text("csrf_token"));
    assert!(app.verify_cookie(&secret, Some(&token)).await.is_ok());
    let others = other.text("csrf_token");
    for wrong in ["", "x", &others, &token[1..], &format!("{token}x"), &token.to_lowercase()] {
        assert_eq!(app.verify_cookie(&secret, Some(wrong)).await, Err(CookieError::Forged), "{wrong}");
    }
    assert_eq!(app.metric("prosopa_auth_verifications_total{credential=\"cookie\",outcome=\"forged\"}"), 6);
}

/// R8: a cookie that was put into the browser before the login is worth nothing after it.
#[tokio::test]
async fn a_login_never_adopts_a_session_that_was_there() {
    let app = App::start().await;
    app.register("ada").await;
    app.register("eve").await;
    let eves = secret_of(&sign_in(&app, "eve").await);
    let planted = "psc_0000000000000000000000000000000000000000000";
    for presented in [planted, eves.as_str()] {
        let cookies = format!("__Host-prosopa_session={presented}; prosopa_session={presented}");
        let begun = sign_in_at(&app, "app.example.org", "ada", Some(&cookies)).await;
        let secret = secret_of(&begun);
        assert_ne!(secret, presented);
        let ada = app.verify_cookie(&secret, None).await.unwrap().user_id;
        match app.verify_cookie(presented, None).await {
            Ok(principal) => assert_ne!(principal.user_id, ada),
            Err(error) => assert_eq!(error, CookieError::Invalid),
        }
    }
}

/// R8: a page that is loaded again asks who is signed in, and for the token.
#[tokio::test]
async fn a_session_shows_itself_with_its_token() {
    let app = App::start().await;
    app.register("ada").await;
    let begun = sign_in(&app, "ada").await;
    let principal = app.verify_cookie(&secret_of(&begun), None).await.unwrap();
    let shown = app.call_as(Method::GET, SESSION, Some(principal), None).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(shown.json, begun.json);

    let tokens = app.log_in("ada").await;
    let of_program = app.get(SESSION, &tokens.text("access_token")).await;
    assert_eq!(of_program.json["user"], begun.json["user"]);
    assert_eq!(of_program.json["csrf_token"], json!(null), "there is no cookie that it could go with");
    let key = app.create_key(&tokens.text("access_token"), json!({ "name": "k" })).await.text("key");
    assert_eq!(app.get(SESSION, &key).await.problem(), "not-found");
    assert_eq!(app.call(Method::DELETE, SESSION, Some(&key), None).await.problem(), "not-found");
}

/// R8: a logout ends the session and takes the cookie away.
#[tokio::test]
async fn a_logout_removes_the_cookie_and_ends_the_session() {
    let app = App::start().await;
    app.register("ada").await;
    let (kept, begun) = (sign_in(&app, "ada").await, sign_in(&app, "ada").await);
    let secret = secret_of(&begun);
    let principal = app.verify_cookie(&secret, None).await.unwrap();
    let ended = app.call_as(Method::DELETE, SESSION, Some(principal), None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(
        ended.headers[header::SET_COOKIE],
        "__Host-prosopa_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(app.verify_cookie(&secret, None).await, Err(CookieError::Invalid));
    assert!(app.verify_cookie(&secret_of(&kept), None).await.is_ok());
    assert_eq!(app.count("SELECT count(*) FROM session_cookies").await, 1);
}

/// R6: whoever ends a session or deactivates a user ends the cookie at once.
#[tokio::test]
async fn what_ends_a_session_ends_its_cookie() {
    let app = App::start().await;
    app.register("ada").await;
    let secrets = [sign_in(&app, "ada").await, sign_in(&app, "ada").await].map(|begun| secret_of(&begun));
    let access_token = app.log_in("ada").await.text("access_token");
    let id = app.verify_cookie(&secrets[0], None).await.unwrap().credential;
    let Credential::Session(id) = id else { panic!("{id:?}") };
    let ended =
        app.call(Method::DELETE, &format!("/api/v1/auth/sessions/{id}"), Some(&access_token), None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(app.verify_cookie(&secrets[0], None).await, Err(CookieError::Invalid));
    assert!(app.verify_cookie(&secrets[1], None).await.is_ok());
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert_eq!(app.verify_cookie(&secrets[1], None).await, Err(CookieError::Invalid));
}

/// R8: a session that is used lives on, to ninety days after the login at most; one that is not used ends after thirty.
#[tokio::test]
async fn use_renews_a_session_up_to_its_longest_life() {
    let app = App::start().await;
    app.register("ada").await;
    let [used, unused] =
        [sign_in(&app, "ada").await, sign_in(&app, "ada").await].map(|begun| secret_of(&begun));
    for _ in 0..3 {
        app.clock.advance(29 * DAY);
        assert!(app.verify_cookie(&used, None).await.is_ok());
    }
    assert_eq!(app.verify_cookie(&unused, None).await, Err(CookieError::Invalid));
    let principal = app.verify_cookie(&used, None).await.unwrap();
    let shown = app.call_as(Method::GET, SESSION, Some(principal), None).await;
    assert_eq!(shown.json["expires_at"], "2026-04-02T03:04:05.500000Z", "ninety days after the login");
    app.clock.advance(3 * DAY);
    assert_eq!(app.verify_cookie(&used, None).await, Err(CookieError::Invalid));
}

/// A use is written once a day, not with each request.
#[tokio::test]
async fn a_renewal_is_written_once_a_day() {
    let app = App::start().await;
    app.register("ada").await;
    let begun = sign_in(&app, "ada").await;
    let secret = secret_of(&begun);
    let end = async || {
        let principal = app.verify_cookie(&secret, None).await.unwrap();
        app.call_as(Method::GET, SESSION, Some(principal), None).await.text("expires_at")
    };
    app.clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(end().await, begun.text("expires_at"));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(end().await, "2026-02-02T03:04:05.500000Z");
}

/// R8: refused like any login, by the same throttle, and without a cookie.
#[tokio::test]
async fn wrong_passwords_are_refused_and_counted() {
    let app = App::start_with(Config { failed_login_burst: 2, ..Config::default() }).await;
    app.register("ada").await;
    let wrong = json!({ "user_name": "ada", "password": "incorrect horse" });
    for _ in 0..2 {
        let refused = app.post(SESSION, wrong.clone()).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::UNAUTHORIZED, "invalid-credentials"));
        assert!(!refused.headers.contains_key(header::SET_COOKIE));
    }
    assert_eq!(app.post(SESSION, wrong).await.problem(), "rate-limited");
    assert_eq!(app.log_in("ada").await.problem(), "rate-limited", "one count for both kinds");
    let both = json!({ "user_name": "ada", "email": "ada@example.org", "password": PASSWORD });
    assert_eq!(app.post(SESSION, both).await.pointer(), "");
}

/// The simple requests that a form of another site can send are not read.
#[tokio::test]
async fn a_plain_form_signs_nobody_in() {
    let app = App::start().await;
    app.register("ada").await;
    let body = json!({ "user_name": "ada", "password": PASSWORD }).to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request = Request::post(SESSION).header(header::CONTENT_TYPE, media_type);
        let refused = app.send(request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!(refused.problem(), "unsupported-media-type");
        assert!(!refused.headers.contains_key(header::SET_COOKIE));
    }
}

/// A cookie is no token, and a token no cookie.
#[tokio::test]
async fn kinds_of_credentials_are_not_mixed_up() {
    let app = App::start().await;
    app.register("ada").await;
    let secret = secret_of(&sign_in(&app, "ada").await);
    assert_eq!(app.verify(&secret).await, Err(VerifyError::Invalid));
    let tokens = app.log_in("ada").await;
    for text in
        [tokens.text("access_token"), tokens.text("refresh_token"), "psc_".into(), secret.to_lowercase()]
    {
        assert_eq!(app.verify_cookie(&text, None).await, Err(CookieError::Invalid));
    }
}

/// One session too many ends the oldest, of whichever kind.
#[tokio::test]
async fn both_kinds_of_sessions_are_bounded_together() {
    let app = App::start_with(Config { sessions_per_user_max: 2, ..Config::default() }).await;
    app.register("ada").await;
    let oldest = secret_of(&sign_in(&app, "ada").await);
    for _ in 0..2 {
        app.clock.advance(Duration::from_secs(1));
        app.log_in("ada").await;
    }
    assert_eq!(app.verify_cookie(&oldest, None).await, Err(CookieError::Invalid));
}
