//! Requests that are sent again, and those that must not be.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::{Method, StatusCode};
use prosopa_testkit::TestHome;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};

use super::{answer, at, behind, metric, read_head, scripted, start_scripted};
use crate::harness::{Call, Gateway, fast, user};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A gateway whose service answers once on each connection, and drops the next request on it. Every other connection
/// is of the next call.
async fn start_stale() -> (Gateway, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let gateway = start_scripted(fast(), move |_, mut stream| {
        let counted = Arc::clone(&counted);
        async move {
            answer(&mut stream, OK).await;
            counted.fetch_add(1, Ordering::SeqCst);
            if read_head(&mut stream).await.is_some() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    gateway.know("token", &user());
    (gateway, requests)
}

/// S4: a request that met a connection just being closed is sent again where that does no harm, and only there.
#[tokio::test]
async fn a_closed_connection_is_noticed_by_nobody_where_repeating_is_harmless() {
    let post = || Call::post("/api/v1/mirror/metered").bearer("token");
    for (call, is_repeated) in [
        (Call::get("/api/v1/mirror/head"), true),
        (Call::new(Method::HEAD, "/api/v1/mirror/head"), true),
        (Call::new(Method::DELETE, "/api/v1/mirror/things/1"), true),
        (Call::new(Method::PUT, "/api/v1/mirror/things/1"), true),
        (post().header("idempotency-key", "once"), true),
        (post(), false),
        (Call::new(Method::PUT, "/api/v1/mirror/things/1").body("content"), false),
        (Call::post("/api/v1/mirror/echo").header("idempotency-key", "once").body("content"), false),
    ] {
        let (gateway, requests) = start_stale().await;
        let first = gateway.send(Call::get("/api/v1/mirror/head")).await;
        assert_eq!(first.status, StatusCode::OK);
        let shown = format!("{} {}", call.request.method(), call.request.uri());
        let answer = gateway.send(call).await;
        let retries =
            metric(&gateway, "prosopa_gateway_upstream_retries_total{outcome=\"made\",service=\"mirror\"}");
        if is_repeated {
            assert_eq!((answer.status, retries), (StatusCode::OK, 1), "{shown}");
            assert_eq!(requests.load(Ordering::SeqCst), 3, "{shown}");
        } else {
            assert_eq!((answer.status, retries), (StatusCode::BAD_GATEWAY, 0), "{shown}");
            assert_eq!(requests.load(Ordering::SeqCst), 2, "{shown}");
        }
    }
}

/// S4: a connection that the service closed while nobody used it costs no request, whatever that is.
#[tokio::test]
async fn an_unused_connection_that_was_closed_costs_nothing() {
    let closed = Arc::new(Notify::new());
    let closes = Arc::clone(&closed);
    let gateway = start_scripted(fast(), move |_, mut stream| {
        let closes = Arc::clone(&closes);
        async move {
            answer(&mut stream, OK).await;
            drop(stream);
            closes.notify_one();
        }
    })
    .await;
    gateway.know("token", &user());
    for _ in 0..5 {
        let answer = gateway.send(Call::post("/api/v1/mirror/metered").bearer("token")).await;
        assert_eq!(answer.status, StatusCode::OK);
        closed.notified().await;
        see_what_happened().await;
    }
    let retried = "prosopa_gateway_upstream_retries_total{outcome=\"made\",service=\"mirror\"}";
    assert_eq!(metric(&gateway, retried), 0);
}

/// Makes the runtime ask the system what has happened to sockets: what comes through one is seen along with the others.
async fn see_what_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut here = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (there, _) = listener.accept().await.unwrap();
    here.write_all(b"x").await.unwrap();
    there.readable().await.unwrap();
}

/// S4: a body that was not sent yet is sent along.
#[tokio::test]
async fn what_met_no_service_is_sent_again_with_its_body() {
    let mut tried = None;
    // Another process may take the address in between: then once more.
    for _ in 0..10 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let gateway = Gateway::start_before(TestHome::new(), fast(), at(address)).await;
        let router = gateway.router.clone();
        let call = Call::post("/api/v1/mirror/echo").body("content");
        let sent = tokio::spawn(tower::ServiceExt::oneshot(router, call.request));
        let attempts = "prosopa_gateway_upstream_attempts_total{outcome=\"unreachable\",service=\"mirror\"}";
        while metric(&gateway, attempts) == 0 {
            tokio::task::yield_now().await;
        }
        let Ok(listener) = TcpListener::bind(address).await else { continue };
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await.unwrap();
        let mut content = [0; 7];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut content).await.unwrap();
        stream.write_all(OK).await.unwrap();
        tried = Some((head, content, sent.await.unwrap().unwrap().status()));
        break;
    }
    let (head, content, status) = tried.expect("an address of its own");
    assert!(head.to_ascii_lowercase().contains("content-length: 7\r\n"), "{head}");
    assert_eq!((&content, status), (b"content", StatusCode::OK));
}

/// S4: a service that drops everything is not flooded with retries.
#[tokio::test]
async fn retries_are_a_small_share() {
    let mut config = fast();
    config.upstream.breaker.failures_max = 1_000;
    config.upstream.breaker.requests_min = 1_000;
    let gateway = Gateway::start_before(TestHome::new(), config, at(nowhere())).await;
    for _ in 0..60 {
        gateway.send(Call::get("/api/v1/mirror/head")).await.expect_problem(503, "unavailable");
    }
    let count = |outcome: &str| {
        metric(
            &gateway,
            &format!("prosopa_gateway_upstream_retries_total{{outcome=\"{outcome}\",service=\"mirror\"}}"),
        )
    };
    assert!((20..=22).contains(&count("made")), "ten, and a fifth of 60: {}", count("made"));
    assert!(count("too_many") > 0);
}

/// An address where nobody listens, nor ever will: port 1 is reserved.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// S4: a service may move while the gateway runs.
#[tokio::test]
async fn another_address_needs_no_restart() {
    let names = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew",
    ];
    let mut addresses = Vec::new();
    for name in names {
        let serve = move |_, mut stream| async move { while answer(&mut stream, name.as_bytes()).await {} };
        addresses.push(scripted(serve).await);
    }
    let uri = |address: SocketAddr| format!("http://{address}").parse::<http::Uri>().unwrap();
    let (moves, address) = watch::channel(uri(addresses[0]));
    let upstream = behind(prosopa_runtime::Backend::Remote(address.into()));
    let gateway = Gateway::start_before(TestHome::new(), fast(), upstream).await;
    let ask = async || gateway.send(Call::get("/api/v1/mirror/head")).await.body;
    assert_eq!((ask().await, ask().await), (b"old".to_vec(), b"old".to_vec()));
    moves.send(uri(addresses[1])).unwrap();
    assert_eq!((ask().await, ask().await), (b"new".to_vec(), b"new".to_vec()));
}
