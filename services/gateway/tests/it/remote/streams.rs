//! Bodies that are larger than any buffer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};
use tower::ServiceExt;

use super::{connect, once, read_head, start, start_scripted};
use crate::harness::{Gateway, fast};

/// A body of the tests; the buffers of the sockets on the way hold less than half of it.
const LEN: usize = 96 << 20;
const HELD_MAX: usize = LEN / 2;

static CHUNK: [u8; 64 << 10] = [b'x'; 64 << 10];

/// Long enough for bytes to move that can.
const STALL: Duration = Duration::from_millis(500);

/// S4: a body goes to the service and back while it is still being sent.
#[tokio::test]
async fn bodies_pass_both_ways_at_once() {
    let (gateway, _service) = start(fast()).await;
    let chunks = futures::stream::iter((0..512u32).map(|number| {
        let mut chunk = vec![0; 64 << 10];
        chunk[..4].copy_from_slice(&number.to_be_bytes());
        Ok::<_, std::io::Error>(Bytes::from(chunk))
    }));
    let request = Request::post("/api/v1/mirror/echo").body(Body::from_stream(chunks)).unwrap();
    let response = gateway.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 512 * (64 << 10));
    for (number, chunk) in body.chunks(64 << 10).enumerate() {
        assert_eq!(chunk[..4], u32::try_from(number).unwrap().to_be_bytes());
    }
}

/// Writes until nobody takes more for a while, or `LEN` is reached.
async fn write_until_stalled(stream: &mut TcpStream) -> usize {
    let mut written = 0;
    while written < LEN {
        match timeout(STALL, stream.write(&CHUNK[..CHUNK.len().min(LEN - written)])).await {
            Ok(count) => written += count.unwrap(),
            Err(_) => break,
        }
    }
    written
}

/// S4: the gateway takes no more of an upload than the service does.
#[tokio::test]
async fn an_upload_waits_for_the_service() {
    let may_read = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&may_read);
    let gateway = start_scripted(once(), move |_, mut stream| {
        let permits = Arc::clone(&permits);
        async move {
            read_head(&mut stream).await;
            permits.acquire().await.unwrap().forget();
            let mut buffer = vec![0; 1 << 20];
            let mut read = 0;
            while read < LEN {
                read += stream.read(&mut buffer).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall").await.unwrap();
        }
    })
    .await;
    let head = format!("POST /api/v1/mirror/echo HTTP/1.1\r\nHost: x\r\nContent-Length: {LEN}\r\n\r\n");
    let mut client = connect(&gateway, &head).await;
    let held = write_until_stalled(&mut client).await;
    assert!((1..HELD_MAX).contains(&held), "{held} bytes were taken");
    may_read.add_permits(1);
    client.write_all(&vec![b'x'; LEN - held]).await.unwrap();
    let head = read_head(&mut client).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
}

/// S4: the gateway takes no more of an answer than the client does.
#[tokio::test]
async fn an_answer_waits_for_the_client() {
    let written = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&written);
    let gateway = start_scripted(once(), move |_, mut stream| {
        let counts = Arc::clone(&counts);
        async move {
            read_head(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LEN}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            while counts.load(Ordering::SeqCst) < LEN {
                let count = stream.write(&CHUNK).await.unwrap();
                counts.fetch_add(count, Ordering::SeqCst);
            }
        }
    })
    .await;
    let mut client = connect(&gateway, "GET /api/v1/mirror/head HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let head = read_head(&mut client).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    let mut held = 0;
    loop {
        tokio::time::sleep(STALL).await;
        let now = written.load(Ordering::SeqCst);
        if now == held {
            break;
        }
        held = now;
    }
    assert!((1..HELD_MAX).contains(&held), "{held} bytes were taken");
    let mut buffer = vec![0; 1 << 20];
    let mut read = 0;
    while read < LEN {
        read += client.read(&mut buffer).await.unwrap();
    }
    assert_eq!(read, LEN);
}

/// F5: who sends a large body for nothing still reads why, whether the service reads to the end or not.
#[tokio::test]
async fn the_reason_arrives_though_the_body_was_not_wanted() {
    const LARGE: usize = 24 << 20;
    let ask = async |gateway: &Gateway| {
        let head = format!(
            "POST /api/v1/mirror/refuse HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {LARGE}\r\n\r\n"
        );
        let mut client = connect(gateway, &head).await;
        client.write_all(&vec![b'x'; LARGE]).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (gateway, _service) = start(fast()).await;
    let answer = ask(&gateway).await;
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("image-too-large"), "{answer}");
    let hasty = start_scripted(once(), |_, mut stream| async move {
        answer_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let answer = ask(&hasty).await;
    assert!(answer.starts_with("HTTP/1.1 422") && answer.ends_with("too large"), "{answer}");
}

async fn answer_head(stream: &mut TcpStream) {
    super::answer(stream, b"HTTP/1.1 422 No\r\nContent-Length: 9\r\n\r\ntoo large").await;
}

/// A client that waits to be asked for its body is asked.
#[tokio::test]
async fn who_waits_to_be_asked_is_asked() {
    let (gateway, _service) = start(fast()).await;
    let head =
        "POST /api/v1/mirror/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n";
    let mut client = connect(&gateway, head).await;
    assert_eq!(read_head(&mut client).await.unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"content").await.unwrap();
    assert!(read_head(&mut client).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    let mut body = [0; 7];
    client.read_exact(&mut body).await.unwrap();
    assert_eq!(&body, b"content");
}
