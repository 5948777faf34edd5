//! A host on loopback ports, asked from the outside.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};

use prosopa_runtime::{Host, ListenerOptions, Listeners, Parts, Platform, Readiness, Task, TaskKind};
use prosopa_store::Migration;
use prosopa_testkit::TestPlatform;

struct Running {
    platform: Platform,
    public: SocketAddr,
    admin: SocketAddr,
    host: JoinHandle<()>,
    _test: TestPlatform,
}

fn parts() -> Parts<()> {
    Parts { offer: (), http: Router::new(), tasks: Vec::new(), readiness: Vec::new() }
}

async fn run(test: TestPlatform, parts: Parts<()>, router: Router, options: ListenerOptions) -> Running {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = Listeners::bind(any, any).await.unwrap();
    let (public, admin) = (listeners.public_address().unwrap(), listeners.admin_address().unwrap());
    let platform = test.platform.clone();
    let mut host = Host::new(platform.clone());
    let ((), _) = host.adopt(parts);
    let host = tokio::spawn(host.run(listeners, router, options));
    Running { platform, public, admin, host, _test: test }
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
    running.host.await.unwrap();
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    let test = TestPlatform::new();
    test.platform.database("things", &[Migration { name: "0001", sqlite: "SELECT 1" }]).await.unwrap();
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

#[tokio::test]
async fn the_end_of_an_essential_task_ends_the_process() {
    let task = Task::new("essential", TaskKind::Essential, |_| async { Err("lost the lease".into()) });
    let parts = Parts { tasks: vec![task], ..parts() };
    let running = run(TestPlatform::new(), parts, Router::new(), ListenerOptions::default()).await;
    running.host.await.unwrap();
    assert!(running.platform.shutdown.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn other_tasks_are_started_again() {
    let (again, mut runs) = (Arc::new(Notify::new()), 0);
    let task = {
        let again = Arc::clone(&again);
        Task::new("restart", TaskKind::Restart, move |stop| {
            runs += 1;
            let (run, again) = (runs, Arc::clone(&again));
            async move {
                match run {
                    1 => Err("failed".into()),
                    2 => panic!("panicked"),
                    _ => {
                        again.notify_one();
                        stop.cancelled().await;
                        Ok(())
                    }
                }
            }
        })
    };
    let parts = Parts { tasks: vec![task], ..parts() };
    let running = run(TestPlatform::new(), parts, Router::new(), ListenerOptions::default()).await;
    again.notified().await;
    running.platform.shutdown.cancel();
    running.host.await.unwrap();
}

/// F7: a client that never finishes its head does not keep a connection.
#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let options = ListenerOptions { head_timeout: Duration::from_millis(50), ..ListenerOptions::default() };
    let running = run(TestPlatform::new(), parts(), Router::new(), options).await;
    let mut stream = TcpStream::connect(running.public).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

/// A connection beyond the limit waits until another one ends; it is not lost.
#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let options = ListenerOptions { connections_max: 1, ..ListenerOptions::default() };
    let router = Router::new().route("/", get(|| async { "ok" }));
    let running = run(TestPlatform::new(), parts(), router, options).await;
    let held = TcpStream::connect(running.public).await.unwrap();
    let waiting = tokio::spawn(async move { fetch(running.public, "/").await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(held);
    assert_eq!(waiting.await.unwrap(), (200, "ok".to_owned()));
}
