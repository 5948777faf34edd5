//! A client that vanishes at each stage takes nothing with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use futures::stream;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify};

use prosopa_runtime::ListenerOptions;
use prosopa_testkit::TestPlatform;

use super::{eventually, read_until};
use crate::{Running, parts, run};

/// How many requests are within the routes.
#[derive(Clone, Default)]
struct InHand(Arc<AtomicUsize>);

struct One(InHand);

impl InHand {
    fn begin(&self) -> One {
        self.0.fetch_add(1, Ordering::SeqCst);
        One(self.clone())
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One connection at a time, so that one that leaks is missed at once.
async fn start(in_hand: &InHand) -> (Running, Arc<Notify>) {
    let arrived = Arc::new(Notify::new());
    let (read, work, write) = (in_hand.clone(), in_hand.clone(), in_hand.clone());
    let at_work = Arc::clone(&arrived);
    let router = Router::new()
        .route("/", get(|| async { "ok" }))
        .route(
            "/read",
            post(move |body: Body| async move {
                let _one = read.begin();
                let _ = axum::body::to_bytes(body, 1 << 20).await;
            }),
        )
        .route(
            "/work",
            get(move || async move {
                let _one = work.begin();
                at_work.notify_one();
                std::future::pending::<()>().await;
            }),
        )
        .route(
            "/write",
            get(move || async move {
                let one = write.begin();
                let piece = Bytes::from_static(&[0; 65_536]);
                Body::from_stream(stream::repeat_with(move || {
                    let _ = &one;
                    Ok::<_, std::convert::Infallible>(piece.clone())
                }))
            }),
        );
    let options = ListenerOptions {
        connections_max: 1,
        head_timeout: Duration::from_secs(5),
        ..ListenerOptions::default()
    };
    (run(TestPlatform::new(), parts(), router, options).await, arrived)
}

/// F9: within the preface, the head, the body, while the route works, while its answer is written.
#[tokio::test]
async fn nothing_is_left_of_a_client_that_vanishes() {
    let in_hand = InHand::default();
    let (running, at_work) = start(&in_hand).await;
    let stages: [(&str, &[u8]); 7] = [
        ("before anything", b""),
        ("within the preface", b"PRI * HT"),
        ("behind the preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("within the head", b"GET / HTTP/1.1\r\nHost: x\r\nA: "),
        ("within the body", b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"),
        ("at work", b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("within the answer", b"GET /write HTTP/1.1\r\nHost: x\r\n\r\n"),
    ];
    for (stage, bytes) in stages {
        let mut stream = TcpStream::connect(running.public).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        match stage {
            "within the body" => eventually(stage, || in_hand.0.load(Ordering::SeqCst) == 1).await,
            "at work" => at_work.notified().await,
            "within the answer" => drop(read_until(&mut stream, b"\r\n\r\n").await),
            _ => {}
        }
        drop(stream);
        eventually(stage, || in_hand.0.load(Ordering::SeqCst) == 0).await;
        // Its slot is free again.
        let mut next = TcpStream::connect(running.public).await.unwrap();
        next.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(read_until(&mut next, b"ok").await.starts_with("HTTP/1.1 200"), "{stage}");
    }
    let none = r#"prosopa_runtime_connections{listener="public"} 0"#;
    eventually("no connection is open", || running.platform.metrics.render().contains(none)).await;
}
