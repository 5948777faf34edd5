//! Headers that make browsers careful.

use http::Method;
use prosopa_gateway::Config;
use prosopa_runtime::ClientScheme;

use crate::harness::{Call, Gateway, fast, user};

/// Every answer has them, whoever made it.
#[tokio::test]
async fn every_answer_makes_browsers_careful() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<!doctype html>").unwrap();
    let site = Config { static_dir: Some(folder.path().into()), ..fast() };
    let gateway = Gateway::start(site).await;
    gateway.know("token", &user());
    for (call, status, policy) in [
        (Call::get("/api/v1/things").bearer("token"), 200, "default-src 'none'; frame-ancestors 'none'"),
        (Call::get("/api/v1/nothing"), 404, "default-src 'none'; frame-ancestors 'none'"),
        (Call::get("/api/v1/things"), 401, "default-src 'none'; frame-ancestors 'none'"),
        (Call::new(Method::TRACE, "/api/v1/things"), 405, "default-src 'none'; frame-ancestors 'none'"),
        (Call::post("/api/v1/panic").bearer("token"), 500, "default-src 'none'; frame-ancestors 'none'"),
        (Call::get("/api/docs/index.html"), 200, "default-src 'none'; script-src 'self';"),
        (Call::get("/"), 200, "default-src 'self';"),
        (Call::get("/nothing.js"), 404, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        let path = call.request.uri().to_string();
        let answer = gateway.send(call).await;
        assert_eq!(answer.status, status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
        let sent = answer.header("content-security-policy");
        assert!(sent.starts_with(policy) && sent.contains("frame-ancestors 'none'"), "{path}: {sent}");
        assert!(!sent.contains("unsafe-eval"), "{path}: {sent}");
        assert_eq!(answer.header("strict-transport-security"), "(absent)", "{path}: nobody came by TLS");
    }
}

/// F9: who came by TLS is told to stay with it, but on the machine itself.
#[tokio::test]
async fn only_tls_is_told_to_stay() {
    let told = async |config: Config, uri: &str| {
        let gateway = Gateway::start(config).await;
        let (scheme, rest) = uri.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut call = Call::get(&format!("/{path}")).header("host", host);
        let scheme = if scheme == "https" { ClientScheme::Https } else { ClientScheme::Http };
        call.request.extensions_mut().insert(scheme);
        let answer = gateway.send(call).await;
        answer.header("strict-transport-security").to_owned()
    };
    assert_eq!(told(fast(), "https://api.example.org/api/v1/nothing").await, "max-age=31536000");
    assert_eq!(told(fast(), "http://api.example.org/api/v1/nothing").await, "(absent)");
    assert_eq!(told(fast(), "https://localhost:8443/api/v1/nothing").await, "(absent)");
    let claimed =
        Gateway::start(fast()).await.send(Call::get("https://api.example.org/api/v1/nothing")).await;
    assert_eq!(claimed.header("strict-transport-security"), "(absent)", "what clients write is not believed");
    let silent = Config { hsts_max_age_s: 0, ..fast() };
    assert_eq!(told(silent, "https://api.example.org/api/v1/nothing").await, "(absent)");
}
