//! Callers who are known by a certificate of their connection.

use http::StatusCode;

use prosopa_gateway::Config;

use crate::harness::{Call, Gateway, fast, user};

const THINGS: &str = "/api/v1/things";

async fn gateway(config: Config) -> Gateway {
    let gateway = Gateway::start(config).await;
    gateway.know("ada", &user());
    gateway.know("eve", &user());
    gateway
}

fn call(certificate: &str) -> Call {
    Call::get(THINGS).certified(certificate)
}

/// F9: a certificate tells who calls, and what its client spends is counted.
#[tokio::test]
async fn a_certificate_tells_who_calls() {
    let gateway = gateway(fast()).await;
    assert_eq!(gateway.send(call("ada")).await.status, StatusCode::OK);
    assert_eq!(gateway.send(Call::post(THINGS).certified("ada")).await.status, StatusCode::CREATED);
    assert_eq!(gateway.used("ada").await.0, 1);
    assert_eq!(gateway.send(call("mallory")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gateway.send(call("unavailable")).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// F9: with another credential the certificate is not looked at, whatever comes of that.
#[tokio::test]
async fn another_credential_wins() {
    let gateway = gateway(fast()).await;
    let spent = gateway.send(Call::post(THINGS).certified("eve").bearer("ada")).await;
    assert_eq!(spent.status, StatusCode::CREATED);
    assert_eq!((gateway.used("ada").await.0, gateway.used("eve").await.0), (1, 0));
    assert_eq!(gateway.send(call("ada").bearer("wrong")).await.status, StatusCode::UNAUTHORIZED);
    let cookie = ("cookie", "__Host-prosopa_session=cookie-wrong");
    let by_cookie = call("ada").header("host", "app.example.org").header(cookie.0, cookie.1);
    assert_eq!(gateway.send(by_cookie).await.status, StatusCode::UNAUTHORIZED);
}

/// F9: browsers show certificates unasked, so that pages of other sites get nothing by them.
#[tokio::test]
async fn a_page_of_another_site_does_not_use_a_certificate() {
    let gateway = gateway(fast()).await;
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let forged = call("ada").header("host", "app.example.org").header(name, value);
        assert_eq!(gateway.send(forged).await.status, StatusCode::FORBIDDEN, "{value}");
    }
    let own = call("ada").header("host", "app.example.org").header("origin", "https://app.example.org");
    assert_eq!(gateway.send(own).await.status, StatusCode::OK);
}

/// F9: certificates are guessed as slowly as anything else.
#[tokio::test]
async fn unknown_certificates_count_as_guesses() {
    let slow = prosopa_gateway::Rate { requests_per_second: 1, burst: 2 };
    let gateway = gateway(Config { failed_authentication_rate: slow, ..fast() }).await;
    for status in [401, 401, 429] {
        assert_eq!(gateway.send(call("mallory")).await.status.as_u16(), status);
    }
    assert_eq!(gateway.send(call("ada")).await.status, StatusCode::OK);
}
