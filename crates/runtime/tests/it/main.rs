//! A host on loopback ports, asked from the outside.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod attacks;
mod caching_verifier;
mod connections;
mod lingering;
mod peers;
mod principals;
mod redis;
mod tasks;
mod tls;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use tokio::{net::TcpStream, sync::Notify, task::JoinHandle};

use prosopa_runtime::{Host, ListenerOptions, Listeners, Parts, Platform, Readiness, TaskEnded};
use prosopa_store::Migration;
use prosopa_testkit::TestPlatform;

struct Running {
    platform: Platform,
    public: SocketAddr,
    admin: SocketAddr,
    host: JoinHandle<Result<(), TaskEnded>>,
    test: TestPlatform,
}

fn parts() -> Parts<()> {
    Parts {
        offer: (),
        http: Router::new(),
        tasks: Vec::new(),
        outbox: None,
        listens: Vec::new(),
        jobs: Vec::new(),
        readiness: Vec::new(),
    }
}

async fn run(test: TestPlatform, parts: Parts<()>, router: Router, options: ListenerOptions) -> Running {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = Listeners::bind(any, any).await.unwrap();
    let (public, admin) = (listeners.public_address().unwrap(), listeners.admin_address().unwrap());
    let platform = test.platform.clone();
    let mut host = Host::new(platform.clone());
    let ((), _) = host.adopt(parts);
    let host = tokio::spawn(host.run(listeners, router, options));
    Running { platform, public, admin, host, test }
}

async fn fetch(address: SocketAddr, path: &str) -> (u16, String) {
    let response =
        reqwest::Client::builder().build().unwrap().get(format!("http://{address}{path}")).send().await;
    let response = response.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// N10: an orderly end answers what it has taken on and takes on nothing new.
#[tokio::test]
async fn requests_in_hand_are_answered_before_the_end() {
    let (arrived, may_answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (arrived, may_answer) = (Arc::clone(&arrived), Arc::clone(&may_answer));
        move || async move {
            arrived.notify_one();
            may_answer.notified().await;
            "done"
        }
    };
    let router = Router::new().route("/slow", get(handler));
    let running = run(TestPlatform::new(), parts(), router, ListenerOptions::default()).await;
    let request = tokio::spawn(async move { fetch(running.public, "/slow").await });
    arrived.notified().await;
    running.platform.shutdown.cancel();
    // The port closes while the request is still in hand.
    while TcpStream::connect(running.public).await.is_ok() {
        tokio::task::yield_now().await;
    }
    may_answer.notify_one();
    assert_eq!(request.await.unwrap(), (200, "done".to_owned()));
    running.host.await.unwrap().unwrap();
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    let test = TestPlatform::new();
    test.platform
        .database("things", &[Migration { name: "0001", sqlite: "SELECT 1", postgres: "SELECT 1" }])
        .await
        .unwrap();
    let broken = Readiness::new("broken", || async { Err("no disk".to_owned()) });
    let parts = Parts { readiness: vec![broken], ..parts() };
    let running = run(test, parts, Router::new(), ListenerOptions::default()).await;
    assert_eq!(fetch(running.admin, "/livez").await.0, 200);
    let (status, body) = fetch(running.admin, "/readyz").await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let checks = serde_json::json!({ "things": "ok", "broken": "no disk" });
    assert_eq!((status, &body["checks"]), (503, &checks));
    assert!(fetch(running.admin, "/metrics").await.1.contains("process_resident_memory_bytes"));
}
