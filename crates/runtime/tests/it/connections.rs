use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, routing::get};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};

use prosopa_runtime::ListenerOptions;
use prosopa_testkit::TestPlatform;

use crate::{Running, parts, run};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Longest time that what shall be cut off may take.
const PATIENCE: Duration = Duration::from_secs(10);

async fn impatient(router: Router) -> Running {
    let options = ListenerOptions { head_timeout: Duration::from_millis(50), ..ListenerOptions::default() };
    run(TestPlatform::new(), parts(), router, options).await
}

/// What comes until the connection ends.
async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    // A reset is an end too.
    let _ = tokio::time::timeout(PATIENCE, read).await.expect("the connection ends");
    rest
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// F7: a client that never finishes its head does not keep a connection, wherever it stops: before the first byte,
/// within the preface of HTTP/2, after it, within a head.
#[tokio::test]
async fn a_request_that_never_comes_is_cut_off() {
    let running = impatient(Router::new()).await;
    let starts: [&[u8]; 5] = [
        b"",
        b"P",
        b"PRI * HTT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    ];
    for start in starts {
        let mut stream = TcpStream::connect(running.public).await.unwrap();
        stream.write_all(start).await.unwrap();
        let rest = read_to_end(&mut stream).await;
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(start));
    }
}

/// F7: an answered client that stays silent does not keep its connection either.
#[tokio::test]
async fn an_idle_connection_is_closed() {
    let running = impatient(Router::new().route("/", get(|| async {}))).await;
    let mut stream = TcpStream::connect(running.public).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(read_to_end(&mut stream).await, b"");
}

/// The time for the first request is not the time for its answer.
#[tokio::test]
async fn a_slow_answer_is_not_cut_off() {
    let handler = || tokio::time::sleep(Duration::from_millis(200));
    let running = impatient(Router::new().route("/", get(handler))).await;
    let mut stream = TcpStream::connect(running.public).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
}

/// Tells when the server has let go of an answer.
struct LargeAnswer(Arc<Notify>);

impl AsRef<[u8]> for LargeAnswer {
    fn as_ref(&self) -> &[u8] {
        // More than the buffers of both ends of a loopback connection hold.
        static BYTES: [u8; 32 * 1024 * 1024] = [0; 32 * 1024 * 1024];
        &BYTES
    }
}

impl Drop for LargeAnswer {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// N10: an answer that nobody reads does not hold its memory for ever.
#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let freed = Arc::new(Notify::new());
    let handler = {
        let freed = Arc::clone(&freed);
        move || async move { Bytes::from_owner(LargeAnswer(freed)) }
    };
    let options = ListenerOptions { write_timeout: Duration::from_millis(50), ..ListenerOptions::default() };
    let running = run(TestPlatform::new(), parts(), Router::new().route("/", get(handler)), options).await;
    let mut stream = TcpStream::connect(running.public).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    tokio::time::timeout(PATIENCE, freed.notified()).await.expect("the answer is dropped");
}

/// A connection beyond the limit waits until another one ends; it is not lost.
///
/// Everything of the second client lies ready before the first one goes on: one server that serves both would
/// meet it at its next look at the network.
#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    const ROUNDS: usize = 100;
    let events = Arc::new(Mutex::new(Vec::new()));
    let record = |name: &'static str| {
        let events = Arc::clone(&events);
        get(move || async move { events.lock().unwrap().push(name) })
    };
    let router = Router::new().route("/", record("first")).route("/second", record("second"));
    let options = ListenerOptions { connections_max: 1, ..ListenerOptions::default() };
    let running = run(TestPlatform::new(), parts(), router, options).await;
    let mut first = TcpStream::connect(running.public).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    read_head(&mut first).await;
    let mut second = TcpStream::connect(running.public).await.unwrap();
    second.write_all(b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    for _ in 1..ROUNDS {
        first.write_all(REQUEST).await.unwrap();
        read_head(&mut first).await;
    }
    drop(first);
    assert!(read_to_end(&mut second).await.starts_with(b"HTTP/1.1 200"));
    let mut expected = vec!["first"; ROUNDS];
    expected.push("second");
    assert_eq!(*events.lock().unwrap(), expected);
}
