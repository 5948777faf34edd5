use std::sync::atomic::Ordering;

use http::{Method, StatusCode};
use prosopa_gateway::{Config, Rate};
use prosopa_model::{Scope, Scopes};

use crate::harness::{Answer, Call, Gateway, fast, user};

const THINGS: &str = "/api/v1/things";
const HOST: &str = "app.example.org";
const ORIGIN: (&str, &str) = ("origin", "https://app.example.org");
const COOKIE: (&str, &str) = ("cookie", "__Host-prosopa_session=cookie-ada");
const TOKEN: (&str, &str) = ("x-csrf-token", "csrf-ada");

/// A gateway that knows the sessions of `ada` and `eve`.
async fn gateway() -> Gateway {
    let gateway =
        Gateway::start(Config { browser_origins: vec!["https://board.example.com".into()], ..fast() }).await;
    gateway.know("ada", &user());
    gateway.know("eve", &user());
    gateway
}

fn call(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Call {
    let call = Call::new(method, path).header("host", HOST);
    headers.iter().fold(call, |call, (name, value)| call.header(name, value))
}

async fn post(gateway: &Gateway, headers: &[(&'static str, &str)]) -> Answer {
    gateway.send(call(Method::POST, THINGS, headers)).await
}

/// R8: a page of this site uses the session; the service sees who calls and no cookie.
#[tokio::test]
async fn a_browser_calls_by_its_cookie() {
    let gateway = gateway().await;
    let read = gateway.send(call(Method::GET, THINGS, &[COOKIE])).await;
    assert_eq!(read.status, StatusCode::OK);
    let changed = post(&gateway, &[COOKIE, ORIGIN, TOKEN]).await;
    assert_eq!(changed.status, StatusCode::CREATED);
    for answer in [read, changed] {
        let headers = answer.json()["headers"].to_string();
        assert!(!headers.contains("cookie"), "{headers}");
    }
    let from_fetch = post(&gateway, &[COOKIE, TOKEN, ("sec-fetch-site", "same-origin")]).await;
    assert_eq!(from_fetch.status, StatusCode::CREATED, "browsers that send no Origin say it otherwise");
    let from_other_site = post(&gateway, &[COOKIE, TOKEN, ("origin", "https://board.example.com")]).await;
    assert_eq!(from_other_site.status, StatusCode::CREATED, "a site that is configured");
}

/// R8: what is not sure to come from a page of this site that knows the token changes nothing and costs nothing.
#[tokio::test]
async fn forged_requests_are_refused() {
    let gateway = gateway().await;
    let form = ("content-type", "text/plain");
    let eve = ("x-csrf-token", "csrf-eve");
    for (attack, headers) in [
        ("no origin", vec![COOKIE, TOKEN]),
        ("foreign origin", vec![COOKIE, TOKEN, ("origin", "https://evil.example")]),
        ("a hidden origin", vec![COOKIE, TOKEN, ("origin", "null")]),
        ("a neighbour", vec![COOKIE, TOKEN, ("origin", "https://evil.example.org")]),
        ("another port", vec![COOKIE, TOKEN, ("origin", "https://app.example.org:8443")]),
        ("plain HTTP", vec![COOKIE, TOKEN, ("origin", "http://app.example.org")]),
        ("two origins", vec![COOKIE, TOKEN, ORIGIN, ("origin", "https://evil.example")]),
        ("cross-site", vec![COOKIE, TOKEN, ("sec-fetch-site", "cross-site")]),
        ("same-site", vec![COOKIE, TOKEN, ("sec-fetch-site", "same-site")]),
        ("no token", vec![COOKIE, ORIGIN]),
        ("an empty token", vec![COOKIE, ORIGIN, ("x-csrf-token", "")]),
        ("two tokens", vec![COOKIE, ORIGIN, TOKEN, TOKEN]),
        ("another session's token", vec![COOKIE, ORIGIN, eve]),
        ("a simple form", vec![COOKIE, form, ("origin", "https://evil.example")]),
        ("a simple form of an old browser", vec![COOKIE, form]),
        ("an override", vec![COOKIE, ("x-http-method-override", "GET"), ("x-method-override", "GET")]),
    ] {
        let refused = post(&gateway, &headers).await;
        refused.expect_problem(403, "csrf-refused");
        assert_eq!(gateway.used("ada").await, (0, 0), "{attack}");
    }
    for method in [Method::DELETE] {
        let refused = gateway.send(call(method, "/api/v1/things/1", &[COOKIE, TOKEN])).await;
        refused.expect_problem(403, "csrf-refused");
    }
}

/// R8: looking changes nothing, and headers make no other method of it.
#[tokio::test]
async fn reading_needs_no_token() {
    let gateway = gateway().await;
    for headers in [
        vec![COOKIE],
        vec![COOKIE, ("origin", "https://evil.example")],
        vec![COOKIE, ("sec-fetch-site", "cross-site")],
        vec![COOKIE, ("x-http-method-override", "POST"), ("x-method-override", "DELETE")],
    ] {
        let answer = gateway.send(call(Method::GET, THINGS, &headers)).await;
        assert_eq!(answer.status, StatusCode::OK, "{headers:?}");
        assert_eq!(answer.json()["quota"]["windows"][0]["used"], 0);
    }
    let head = gateway.send(call(Method::HEAD, THINGS, &[COOKIE])).await;
    assert_eq!(head.status, StatusCode::OK);
}

/// R8: a socket is opened by GET, and by pages of this site only: its answers can be read by whoever opened it.
#[tokio::test]
async fn a_socket_is_opened_by_pages_of_this_site_only() {
    let gateway = gateway().await;
    let open = async |headers: &[(&'static str, &str)]| {
        let upgrade = [COOKIE, ("connection", "upgrade"), ("upgrade", "websocket")];
        gateway.send(call(Method::GET, THINGS, &[&upgrade[..], headers].concat())).await
    };
    for headers in [vec![], vec![("origin", "null")], vec![("origin", "https://evil.example")]] {
        open(&headers).await.expect_problem(403, "csrf-refused");
    }
    assert_eq!(open(&[ORIGIN]).await.status, StatusCode::OK);
}

/// R8: over TLS only the name counts that neighbours in the domain cannot set.
#[tokio::test]
async fn a_cookie_that_a_neighbour_may_have_set_is_none() {
    let gateway = gateway().await;
    let tossed = [("cookie", "prosopa_session=cookie-eve")];
    let refused = gateway.send(call(Method::GET, THINGS, &tossed)).await;
    refused.expect_problem(401, "unauthenticated");
    let local = Call::get(THINGS).header("host", "localhost:8080").header("cookie", tossed[0].1);
    assert_eq!(gateway.send(local).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_and_a_credential_are_malformed() {
    let gateway = gateway().await;
    let bearer = ("authorization", "Bearer ada");
    for headers in [vec![COOKIE, bearer], vec![COOKIE, ("x-api-key", "ada")], vec![COOKIE, COOKIE]] {
        let refused = gateway.send(call(Method::GET, THINGS, &headers)).await;
        refused.expect_problem(400, "malformed-request");
    }
    assert_eq!(gateway.verifier.calls.load(Ordering::SeqCst), 0);
}

/// A credential in a header is no browser's: nobody else can make a browser send it.
#[tokio::test]
async fn tokens_and_keys_need_no_origin() {
    let gateway = gateway().await;
    let foreign = ("origin", "https://evil.example");
    let other_cookie = ("cookie", "theme=dark");
    let answer = post(&gateway, &[("authorization", "Bearer ada"), foreign, other_cookie]).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

/// A cookie's value is no token: what a browser must not tell anybody opens nothing elsewhere.
#[tokio::test]
async fn a_cookie_is_no_bearer_token() {
    let gateway = gateway().await;
    let refused = post(&gateway, &[("authorization", "Bearer cookie-ada")]).await;
    refused.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_no_session_is_unauthenticated() {
    let rate = Rate { requests_per_second: 1, burst: 2 };
    let gateway = Gateway::start(Config { failed_authentication_rate: rate, ..fast() }).await;
    let guess = ("cookie", "__Host-prosopa_session=guess");
    for _ in 0..2 {
        let refused = gateway.send(call(Method::GET, THINGS, &[guess])).await;
        refused.expect_problem(401, "unauthenticated");
    }
    gateway.send(call(Method::GET, THINGS, &[guess])).await.expect_problem(429, "rate-limited");
    let lost = ("cookie", "__Host-prosopa_session=cookie-unavailable");
    let answer = gateway.send(call(Method::GET, THINGS, &[lost])).await;
    assert!(!answer.expect_problem(503, "unavailable").to_string().contains("hsm"));
}

#[tokio::test]
async fn a_cookie_is_held_to_rate_and_scope() {
    let gateway = gateway().await;
    let mut reader = user();
    reader.scopes = Scopes::from_iter([Scope::FacesRead]);
    gateway.know("ada", &reader);
    post(&gateway, &[COOKIE, ORIGIN, TOKEN]).await.expect_problem(403, "forbidden");
}

/// R8: what gives a session refuses pages of other sites, and takes programs, which say nothing.
#[tokio::test]
async fn other_sites_sign_nobody_in() {
    let gateway = gateway().await;
    let sign_in = async |headers: &[(&'static str, &str)]| {
        gateway.send(call(Method::POST, "/api/v1/sign-in", headers)).await
    };
    for headers in [
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
    ] {
        sign_in(&headers).await.expect_problem(403, "csrf-refused");
    }
    for headers in [vec![], vec![ORIGIN], vec![("sec-fetch-site", "same-origin")]] {
        assert_eq!(sign_in(&headers).await.status, StatusCode::OK, "{headers:?}");
    }
}

/// R8: an operation for strangers is not told of a session; other cookies are none of the edge's business.
#[tokio::test]
async fn strangers_operations_see_no_session() {
    let gateway = gateway().await;
    let cookies = [("cookie", "a=1; __Host-prosopa_session=cookie-ada; prosopa_session=x")];
    let answer = gateway.send(call(Method::GET, "/api/v1/things/1", &cookies)).await;
    assert_eq!(answer.json()["cookies"], "a=1");
    assert_eq!(gateway.verifier.calls.load(Ordering::SeqCst), 0);
}
