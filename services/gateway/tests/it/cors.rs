//! Which pages of other sites may read answers.

use http::{Method, StatusCode};
use prosopa_gateway::{Config, Cors, Rate};

use crate::harness::{Answer, Call, Gateway, fast, user};

const THINGS: &str = "/api/v1/things";
const APP: &str = "https://app.example.org";

const HOSTILE: [&str; 10] = [
    "null",
    "*",
    "",
    "https://app.example.org.evil.example",
    "https://evil-app.example.org",
    "https://evil.app.example.org",
    "https://app.example.org:8443",
    "http://app.example.org",
    "https://app.example.org/",
    "HTTPS://APP.EXAMPLE.ORG",
];

fn config(credentials: bool) -> Config {
    Config { cors: Cors { origins: vec![APP.into()], credentials, max_age_s: 60 }, ..fast() }
}

fn preflight(origin: &str) -> Call {
    Call::new(Method::OPTIONS, THINGS)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
}

fn shared(answer: &Answer) -> Vec<&str> {
    let headers = answer.headers.iter();
    headers
        .filter(|(name, _)| name.as_str().starts_with("access-control-"))
        .map(|(_, value)| value.to_str().unwrap())
        .collect()
}

/// A page that is named asks, sends, and reads the answer with its limits, refusals too.
#[tokio::test]
async fn pages_that_are_named_read_answers() {
    let gateway = Gateway::start(config(false)).await;
    gateway.know("token", &user());
    let allowed = gateway.send(preflight(APP)).await;
    assert_eq!((allowed.status, allowed.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(allowed.header("access-control-allow-origin"), APP);
    assert_eq!(allowed.header("access-control-allow-methods"), "DELETE, GET, HEAD, PATCH, POST, PUT");
    assert_eq!(allowed.header("access-control-max-age"), "60");
    let names: Vec<&str> = allowed.header("access-control-allow-headers").split(", ").collect();
    for name in ["authorization", "content-type", "idempotency-key", "x-api-key", "x-csrf-token", "prefer"] {
        assert!(names.contains(&name), "{name}");
    }
    let read = gateway.send(Call::get(THINGS).header("origin", APP).bearer("token")).await;
    assert_eq!((read.status, read.header("access-control-allow-origin")), (StatusCode::OK, APP));
    let names: Vec<&str> = read.header("access-control-expose-headers").split(", ").collect();
    for name in ["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id", "Location"] {
        assert!(names.contains(&name), "{name}");
    }
    assert_eq!(read.header("access-control-allow-credentials"), "(absent)");
    let refused = gateway.send(Call::get(THINGS).header("origin", APP)).await;
    refused.expect_problem(401, "unauthenticated");
    assert_eq!(refused.header("access-control-allow-origin"), APP);
}

/// What only looks like a name that was given shares nothing, and is told nothing of what would be allowed.
#[tokio::test]
async fn pages_that_are_not_named_read_nothing() {
    let gateway = Gateway::start(config(true)).await;
    gateway.know("token", &user());
    for origin in HOSTILE {
        let asked = gateway.send(preflight(origin)).await;
        asked.expect_problem(405, "method-not-allowed");
        let read = gateway.send(Call::get(THINGS).header("origin", origin).bearer("token")).await;
        assert_eq!(read.status, StatusCode::OK, "programs may say what they like");
        for answer in [asked, read] {
            assert_eq!(shared(&answer), Vec::<&str>::new(), "{origin}");
            assert_eq!(answer.header("vary"), "origin", "{origin}");
        }
    }
    let twice = gateway.send(preflight(APP).header("origin", APP)).await;
    assert_eq!(shared(&twice), Vec::<&str>::new());
    let silent = gateway.send(Call::get(THINGS).bearer("token")).await;
    assert_eq!((silent.header("vary"), shared(&silent).len()), ("origin", 0), "a cache must know");
}

#[tokio::test]
async fn nothing_is_shared_by_default() {
    let gateway = Gateway::start(fast()).await;
    let asked = gateway.send(preflight(APP)).await;
    asked.expect_problem(405, "method-not-allowed");
    assert_eq!((shared(&asked).len(), asked.header("vary")), (0, "(absent)"));
}

/// R8: sharing credentials lets a page read by the session; to change something it must be one of this site's as well.
#[tokio::test]
async fn reading_by_a_session_is_not_changing_by_it() {
    let call = |method: Method| {
        Call::new(method, THINGS)
            .header("host", "api.example.org")
            .header("origin", APP)
            .header("cookie", "__Host-prosopa_session=cookie-ada")
            .header("x-csrf-token", "csrf-ada")
    };
    let gateway = Gateway::start(config(true)).await;
    gateway.know("ada", &user());
    let read = gateway.send(call(Method::GET)).await;
    assert_eq!((read.status, read.header("access-control-allow-credentials")), (StatusCode::OK, "true"));
    assert_eq!(read.header("access-control-allow-origin"), APP);
    gateway.send(call(Method::POST)).await.expect_problem(403, "csrf-refused");
    let both = Config { browser_origins: vec![APP.into()], ..config(true) };
    let gateway = Gateway::start(both).await;
    gateway.know("ada", &user());
    assert_eq!(gateway.send(call(Method::POST)).await.status, StatusCode::CREATED);
}

/// F7: questions come without credentials, so that they count as any stranger's.
#[tokio::test]
async fn questions_are_limited_by_network() {
    let rate = Rate { requests_per_second: 1, burst: 2 };
    let gateway = Gateway::start(Config { address_rate: rate, ..config(false) }).await;
    for _ in 0..2 {
        assert_eq!(gateway.send(preflight(APP)).await.status, StatusCode::NO_CONTENT);
    }
    let refused = gateway.send(preflight(APP)).await;
    refused.expect_problem(429, "rate-limited");
    assert_eq!(refused.header("access-control-allow-origin"), APP, "the page may know why");
}
