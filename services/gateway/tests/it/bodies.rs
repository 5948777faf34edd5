use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Call, Gateway, fast, user};

fn chunks(count: usize) -> Body {
    Body::from_stream(stream::iter(
        (0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"12345678"))),
    ))
}

#[tokio::test]
async fn a_declared_body_over_the_limit_is_refused_before_anything_else() {
    let gateway = Gateway::start(fast()).await;
    let fits = Call::post("/api/v1/upload").header("content-length", "16").body("0123456789abcdef");
    assert_eq!(gateway.send(fits).await.json()["bytes"], 16);
    for length in ["17", "18446744073709551615", "99999999999999999999999"] {
        let call = Call::post("/api/v1/upload").header("content-length", length);
        let problem = gateway.send(call).await.expect_problem(413, "body-too-large");
        assert_eq!(problem["bytes_max"], 16, "{length}");
    }
    // Even without credentials, which a protected operation would miss first.
    let call = Call::post("/api/v1/things").header("content-length", "65");
    assert_eq!(gateway.send(call).await.expect_problem(413, "body-too-large")["bytes_max"], 64);
    for length in ["-1", "+1", "1x", "", "0x10"] {
        let call = Call::post("/api/v1/upload").header("content-length", length);
        gateway.send(call).await.expect_problem(400, "malformed-request");
    }
}

#[tokio::test]
async fn an_operation_without_a_body_takes_none() {
    let gateway = Gateway::start(fast()).await;
    let call = Call::get("/api/v1/things/1").header("content-length", "1").body("x");
    assert_eq!(gateway.send(call).await.expect_problem(413, "body-too-large")["bytes_max"], 0);
}

#[tokio::test]
async fn a_body_that_streams_too_far_is_cut() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let fits = gateway.send(Call::post("/api/v1/upload").body(chunks(2))).await;
    assert_eq!(fits.json()["bytes"], 16);
    let cut = gateway.send(Call::post("/api/v1/upload").body(chunks(3))).await;
    assert_eq!(cut.expect_problem(413, "body-too-large")["bytes_max"], 16);
    let metered = gateway.send(Call::post("/api/v1/things").bearer("token").body(chunks(9))).await;
    metered.expect_problem(413, "body-too-large");
    assert_eq!(gateway.used("token").await, (0, 0), "what could not be read is not charged");
}

/// The same over a real connection, without a declared length.
#[tokio::test]
async fn chunks_over_a_connection_are_cut_too() {
    let gateway = Gateway::start(fast()).await;
    let mut client = TcpStream::connect(gateway.address).await.unwrap();
    let head =
        "POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(b"8\r\n12345678\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"bytes_max\":16"), "{answer}");
}

/// A client that waits for leave to send a large body is refused without sending it.
#[tokio::test]
async fn an_expectation_is_refused_before_the_body_is_sent() {
    let gateway = Gateway::start(fast()).await;
    let mut client = TcpStream::connect(gateway.address).await.unwrap();
    let head = "POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\
                Connection: close\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}
