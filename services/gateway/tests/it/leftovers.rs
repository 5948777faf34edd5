use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Gateway, fast};

/// More than the buffers of both ends of a loopback connection hold.
const LARGE: usize = 24 * 1024 * 1024;

async fn upload(gateway: &Gateway, head: &str, body: &[u8]) -> String {
    let mut client = TcpStream::connect(gateway.address).await.unwrap();
    let head =
        format!("POST {head}\r\nHost: gateway\r\nConnection: close\r\nContent-Length: {LARGE}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(body).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

/// F5: who sends a large body for nothing still reads why, instead of a broken pipe.
#[tokio::test]
async fn the_reason_arrives_though_the_body_was_not_wanted() {
    let gateway = Gateway::start(fast()).await;
    let body = vec![0; LARGE];
    let too_large = upload(&gateway, "/api/v1/upload HTTP/1.1", &body).await;
    assert!(too_large.starts_with("HTTP/1.1 413") && too_large.contains("body-too-large"), "{too_large}");
    let nowhere = upload(&gateway, "/api/v1/nowhere HTTP/1.1", &body).await;
    assert!(nowhere.starts_with("HTTP/1.1 404") && nowhere.contains("not-found"), "{nowhere}");
}

/// F5: a client that stops sending does not hold the answer back for ever.
#[tokio::test]
async fn a_client_that_stops_sending_is_answered() {
    let gateway = Gateway::start(fast()).await;
    tokio::time::pause();
    let answer = upload(&gateway, "/api/v1/upload HTTP/1.1", b"half").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
