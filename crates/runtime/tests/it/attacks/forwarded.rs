//! Clients who say that they are somebody else.

use axum::{Router, extract::Request};
use http::HeaderMap;

use prosopa_runtime::{ClientScheme, ListenerOptions, PeerAddress};
use prosopa_testkit::TestPlatform;

use crate::{parts, run};

/// Who the routes believe has called, when a client on this machine sends the fields: address, scheme, and the fields of
/// that kind that were left.
async fn told(trusted: &[&str], fields: &[(&str, &str)]) -> String {
    let router = Router::new().fallback(|request: Request| async move {
        let address = request.extensions().get::<PeerAddress>().unwrap().0.ip();
        let scheme = *request.extensions().get::<ClientScheme>().unwrap();
        let is_left = |headers: &HeaderMap| {
            headers.keys().any(|name| name.as_str().starts_with("x-forwarded") || name == "forwarded")
        };
        assert!(!is_left(request.headers()));
        format!("{address} {scheme:?}")
    });
    let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
    let options = ListenerOptions { trusted_proxies, ..ListenerOptions::default() };
    let running = run(TestPlatform::new(), parts(), router, options).await;
    let client = reqwest::Client::builder().build().unwrap();
    let mut request = client.get(format!("http://{}/", running.public));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().text().await.unwrap()
}

/// F9: by default nobody is believed about others.
#[tokio::test]
async fn an_address_in_a_field_is_not_believed() {
    let spoofed = [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=198.51.100.7;proto=https"),
        ("x-real-ip", "198.51.100.7"),
    ];
    assert_eq!(told(&[], &spoofed).await, "127.0.0.1 Http");
    assert_eq!(told(&["10.0.0.0/8"], &spoofed).await, "127.0.0.1 Http");
}

/// F9: a trusted proxy is believed about who called it, and not about what its caller said.
#[tokio::test]
async fn a_trusted_proxy_says_who_called_it() {
    let fields = [("x-forwarded-for", "8.8.8.8, 198.51.100.7"), ("x-forwarded-proto", "https")];
    assert_eq!(told(&["127.0.0.0/8"], &fields).await, "198.51.100.7 Https");
    let fields = [("forwarded", "for=8.8.8.8;proto=https, for=\"[2001:db8::7]:4711\";proto=http")];
    assert_eq!(told(&["127.0.0.0/8"], &fields).await, "2001:db8::7 Http");
    assert_eq!(told(&["127.0.0.0/8"], &[("x-forwarded-for", "nonsense")]).await, "127.0.0.1 Http");
}
