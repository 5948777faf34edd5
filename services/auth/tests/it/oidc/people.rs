use futures::future::join_all;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use prosopa_contract::verifier::CookieError;

use super::{
    browser::{OIDC, SignIn, begin, claims, come_back, get, session_of, sign_in, start_with},
    provider::Provider,
};
use crate::support::{Answer, App};

async fn me(app: &App, session: &str) -> Value {
    let principal = app.verify_cookie(session, None).await.unwrap();
    app.call_as(Method::GET, "/api/v1/users/me", Some(principal), None).await.json
}

/// Sets a new password by mail, which shows that the user reads mail to the address.
async fn prove_address(app: &App, email: &str) {
    let asked = app.post("/api/v1/auth/password-resets", json!({ "email": email })).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let token = app.mailbox.wait_for_token(email, 1).await;
    let body = json!({ "token": token, "new_password": "four other random words" });
    let done = app.post("/api/v1/auth/password-resets/complete", body).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.json);
}

fn expect_address_of_another(answer: &Answer) {
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "email-taken"));
    assert!(answer.json["detail"].as_str().unwrap().contains("by mail"), "the way out is told");
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
}

/// A1: a person is known again by the provider's name for the person, whatever else has changed.
#[tokio::test]
async fn a_person_is_known_again() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    provider.script(|script| script.userinfo = json!({ "sub": "1815" }));
    let first = me(&app, &session_of(&sign_in(&app, &provider, json!({})).await)).await;
    for over in [
        json!({ "email": "ada@example.com", "preferred_username": "countess" }),
        json!({ "email_verified": false }),
        json!({ "email": null }),
    ] {
        let again = me(&app, &session_of(&sign_in(&app, &provider, over).await)).await;
        assert_eq!(again["id"], first["id"]);
        assert_eq!(again["email"], "ada@example.org", "it is changed here, by the user");
    }
}

/// A1, R7: a name that is taken gets something behind it; the user may change it.
#[tokio::test]
async fn a_name_that_is_taken_is_changed() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    app.register("ada").await;
    let over = json!({ "email": "ada@example.com" });
    let name = me(&app, &session_of(&sign_in(&app, &provider, over).await)).await["user_name"].clone();
    assert!(name.as_str().unwrap().starts_with("ada-"), "{name}");
    for (sub, called, email) in [
        ("2", json!("administrator"), "root@example.com"),
        ("3", json!("!"), "x@example.com"),
        ("4", json!(null), "дмитрий+ada@example.com"),
        ("5", json!("a".repeat(300)), "y@example.com"),
    ] {
        let over = json!({ "sub": sub, "preferred_username": called, "email": email });
        let user = me(&app, &session_of(&sign_in(&app, &provider, over).await)).await;
        let name = user["user_name"].as_str().unwrap();
        assert!(name != "administrator" && name.chars().count() >= 3, "{name}");
    }
}

/// A1: many first sign-ins of one person at the same time make one user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_comes_often_at_once_is_one_user() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let mut begun = Vec::new();
    for _ in 0..8 {
        begun.push(begin(&app).await);
    }
    for (index, sign_in) in begun.iter().enumerate() {
        let honest = claims(&app, &provider, sign_in);
        provider.script(|script| _ = script.claims_by_code.insert(format!("c{index}"), honest));
    }
    let racing = begun.iter().enumerate().map(|(index, sign_in)| {
        let path = format!("{OIDC}/google/callback?code=c{index}&state={}", sign_in.state());
        let app = &app;
        async move { get(app, &path, Some(&sign_in.cookie)).await }
    });
    for answer in join_all(racing).await {
        session_of(&answer);
    }
    assert_eq!(app.count("SELECT count(*) FROM users WHERE role = 'user'").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM identities").await, 1);
}

/// A1: an account that somebody made with another's address does not wait for its owner, and its maker gets nothing of
/// the owner's; who reads mail to the address can have both.
#[tokio::test]
async fn an_address_that_was_only_typed_links_nobody() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let made = app.register("ada").await;
    let squatter = app.log_in("ada").await.text("access_token");
    expect_address_of_another(&sign_in(&app, &provider, json!({})).await);
    expect_address_of_another(&sign_in(&app, &provider, json!({ "email": "ADA@Example.org" })).await);
    assert!(app.verify(&squatter).await.is_ok(), "nothing happened to whoever has it");
    assert_eq!(app.count("SELECT count(*) FROM identities").await, 0);

    prove_address(&app, "ada@example.org").await;
    assert!(app.verify(&squatter).await.is_err(), "the new password ended it");
    let linked = me(&app, &session_of(&sign_in(&app, &provider, json!({})).await)).await;
    assert_eq!(linked["id"], made.text("id"));
}

/// A1: a new address is as little proven as the first one was.
#[tokio::test]
async fn another_address_has_to_be_proven_again() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    app.register("eve").await;
    prove_address(&app, "eve@example.org").await;
    let login = json!({ "user_name": "eve", "password": "four other random words" });
    let token = app.post("/api/v1/auth/login", login).await.text("access_token");
    let change = json!({ "email": "ada@example.org", "current_password": "four other random words" });
    let changed = app.call(Method::PATCH, "/api/v1/users/me", Some(&token), Some(change)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
    expect_address_of_another(&sign_in(&app, &provider, json!({})).await);
}

/// A1: an address that the provider gave to somebody else does not give the user away with it.
#[tokio::test]
async fn an_address_that_went_to_somebody_else_links_nobody() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    session_of(&sign_in(&app, &provider, json!({})).await);
    expect_address_of_another(&sign_in(&app, &provider, json!({ "sub": "1969" })).await);
}

/// R6: who is deactivated does not come in by another door.
#[tokio::test]
async fn a_deactivated_user_is_refused() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let session = session_of(&sign_in(&app, &provider, json!({})).await);
    app.execute("UPDATE users SET status = 'deactivated' WHERE role = 'user'").await;
    assert_eq!(app.verify_cookie(&session, None).await, Err(CookieError::Invalid));
    assert_eq!(sign_in(&app, &provider, json!({})).await.problem(), "forbidden");
}

/// A1: nobody knows the password of a user who never set one, and the user can set one by mail.
#[tokio::test]
async fn a_user_of_a_provider_sets_a_password_by_mail() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    session_of(&sign_in(&app, &provider, json!({})).await);
    assert_eq!(app.log_in("ada").await.problem(), "invalid-credentials");
    prove_address(&app, "ada@example.org").await;
    let login = json!({ "email": "ada@example.org", "password": "four other random words" });
    assert_eq!(app.post("/api/v1/auth/login", login).await.status, StatusCode::OK);
}

/// Begins a link by a credential.
async fn begin_link(app: &App, credential: &str) -> Answer {
    let body = json!({ "return_to": "/settings" });
    app.call(Method::POST, &format!("{OIDC}/google/link"), Some(credential), Some(body)).await
}

/// Ends a link in the browser that began it.
async fn end_link(app: &App, provider: &Provider, begun: &Answer, over: Value) -> Answer {
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.json);
    let sign_in = SignIn::of(begun, &begun.text("location"));
    let mut claims = claims(app, provider, &sign_in);
    super::provider::overlay(&mut claims, &over);
    provider.script(|script| script.claims = claims);
    come_back(app, &sign_in).await
}

/// A1: who is signed in links the provider whatever addresses there are, and signs in with it from then on.
#[tokio::test]
async fn a_signed_in_user_links_a_provider() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let user = app.register("ada").await;
    let token = app.log_in("ada").await.text("access_token");
    let over = json!({ "email": "countess@example.com", "email_verified": false });
    for _ in 0..2 {
        let linked = end_link(&app, &provider, &begin_link(&app, &token).await, over.clone()).await;
        assert_eq!(linked.status, StatusCode::SEE_OTHER, "{}", linked.json);
        assert_eq!(linked.headers[header::LOCATION], "/settings");
        assert_eq!(linked.headers.get_all(header::SET_COOKIE).iter().count(), 1, "no other session");
    }
    let signed_in = me(&app, &session_of(&sign_in(&app, &provider, over).await)).await;
    assert_eq!(signed_in["id"], user.text("id"));
}

/// A1: one person is one user, and a user one person of a provider.
#[tokio::test]
async fn a_link_takes_nobody_from_another_user() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    session_of(&sign_in(&app, &provider, json!({})).await);
    let eve = app.access_token_of("eve").await;
    let refused = end_link(&app, &provider, &begin_link(&app, &eve).await, json!({})).await;
    assert_eq!(refused.problem(), "forbidden");
    let linked = end_link(&app, &provider, &begin_link(&app, &eve).await, json!({ "sub": "e" })).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER);
    let second = end_link(&app, &provider, &begin_link(&app, &eve).await, json!({ "sub": "e2" })).await;
    assert_eq!(second.problem(), "forbidden");
    assert_eq!(app.count("SELECT count(*) FROM identities").await, 2);
}

/// A1: a link is over with the session that began it, and no key begins one.
#[tokio::test]
async fn a_link_needs_the_session_that_began_it() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let token = app.access_token_of("ada").await;
    let key = app.create_key(&token, json!({ "name": "k" })).await.text("key");
    assert_eq!(begin_link(&app, &key).await.problem(), "forbidden");
    let begun = begin_link(&app, &token).await;
    app.call(Method::DELETE, "/api/v1/auth/session", Some(&token), None).await;
    assert_eq!(end_link(&app, &provider, &begun, json!({})).await.problem(), "forbidden");
    assert_eq!(app.count("SELECT count(*) FROM identities").await, 0);
}

/// R4: who leaves is unknown to the provider's door too.
#[tokio::test]
async fn a_user_who_leaves_is_forgotten_by_the_door() {
    let provider = Provider::start().await;
    let app = start_with(&provider).await;
    let first = me(&app, &session_of(&sign_in(&app, &provider, json!({})).await)).await;
    prove_address(&app, "ada@example.org").await;
    let password = json!({ "password": "four other random words" });
    let login = json!({ "email": "ada@example.org", "password": "four other random words" });
    let token = app.post("/api/v1/auth/login", login).await.text("access_token");
    let deleted = app.call(Method::DELETE, "/api/v1/users/me", Some(&token), Some(password)).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.json);
    let second = me(&app, &session_of(&sign_in(&app, &provider, json!({})).await)).await;
    assert_ne!(second["id"], first["id"]);
}
