//! A process that is told to end while its callers still come.

use std::time::Duration;

use axum::{Router, routing::get};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use prosopa_runtime::ListenerOptions;
use prosopa_testkit::TestPlatform;

use crate::{Running, fetch, parts, run};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// The preface of HTTP/2, empty settings, and GET / on stream 1.
const MULTIPLEXED_REQUEST: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \0\0\0\x04\0\0\0\0\0\
    \0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";

/// Types of frames (RFC 9113, section 6).
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn start(linger: Duration) -> Running {
    let options = ListenerOptions { linger, ..ListenerOptions::default() };
    run(TestPlatform::new(), parts(), Router::new().route("/", get(|| async {})), options).await
}

/// Sends a request; the head of its answer.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

/// Reads frames until one of a type; its payload.
async fn read_frame(stream: &mut TcpStream, wanted: u8) -> Vec<u8> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == wanted {
            return payload;
        }
    }
}

/// N10, S4: for a while a process that is to end says that it is not ready, takes connections and answers as before, each answer
/// being the last of its connection; then it takes no more.
#[tokio::test]
async fn callers_are_served_until_they_have_left() {
    let running = start(Duration::from_secs(3)).await;
    let mut known = TcpStream::connect(running.public).await.unwrap();
    let answer = ask(&mut known).await;
    assert!(answer.starts_with("http/1.1 200") && !answer.contains("connection: close"), "{answer}");
    running.platform.shutdown.cancel();
    let (status, body) = fetch(running.admin, "/readyz").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["checks"]["process"]), (503, &"it is ending".into()));
    assert_eq!(fetch(running.admin, "/livez").await.0, 200);
    let mut new = TcpStream::connect(running.public).await.unwrap();
    for stream in [&mut known, &mut new] {
        let answer = ask(stream).await;
        assert!(answer.starts_with("http/1.1 200") && answer.contains("connection: close"), "{answer}");
        assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    }
    let closed = async {
        while TcpStream::connect(running.public).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("the port closes");
    running.host.await.unwrap().unwrap();
}

/// S4: over HTTP/2 a caller is told at once to go elsewhere, on a connection that it has as on one that it opens.
#[tokio::test]
async fn multiplexed_callers_are_told_to_leave() {
    // Longer than anything here may take: nothing of this is said only at the end.
    let running = start(PATIENCE * 2).await;
    let told = async {
        let mut known = TcpStream::connect(running.public).await.unwrap();
        known.write_all(MULTIPLEXED_REQUEST).await.unwrap();
        read_frame(&mut known, HEADERS).await;
        running.platform.shutdown.cancel();
        let mut new = TcpStream::connect(running.public).await.unwrap();
        new.write_all(MULTIPLEXED_REQUEST).await.unwrap();
        for stream in [&mut known, &mut new] {
            let payload = read_frame(stream, GOAWAY).await;
            // What is on its way is still answered, and nothing is wrong.
            assert_eq!(payload[..8], [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("both are told");
}
