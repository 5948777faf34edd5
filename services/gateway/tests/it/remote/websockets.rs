//! A WebSocket that passes through to a service in another process.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};

use super::{connect, metric, once, read_head, read_rest, start_scripted};
use crate::harness::Gateway;

const HANDSHAKE: &str = "GET /api/v1/mirror/head HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n\
     Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nProsopa-Problem-Code: not-found\r\n\r\n";

const OPEN: &str = "prosopa_gateway_upstream_websockets{service=\"mirror\"}";

/// A gateway before a service that gives bytes back, until there are no more; what it was asked.
async fn start_echo(idle_timeout_ms: u64) -> (Gateway, Arc<Mutex<String>>) {
    let asked = Arc::new(Mutex::new(String::new()));
    let head = Arc::clone(&asked);
    let mut config = once();
    config.upstream.idle_timeout_ms = idle_timeout_ms;
    let gateway = start_scripted(config, move |_, mut stream| {
        let head = Arc::clone(&head);
        async move {
            *head.lock().await = read_head(&mut stream).await.unwrap().to_ascii_lowercase();
            // The first message comes along with the head.
            stream.write_all(&[SWITCH, b"hello"].concat()).await.unwrap();
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
            let _ = writer.write_all(b"bye").await;
        }
    })
    .await;
    (gateway, asked)
}

async fn switch(gateway: &Gateway) -> (TcpStream, String) {
    let mut client = connect(gateway, HANDSHAKE).await;
    let head = read_head(&mut client).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    expect(&mut client, b"hello").await;
    (client, head.to_ascii_lowercase())
}

async fn expect(client: &mut TcpStream, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    timeout(Duration::from_secs(10), client.read_exact(&mut read)).await.expect("in time").unwrap();
    assert_eq!(read, bytes);
}

async fn until_closed(gateway: &Gateway) {
    let closed = async {
        while metric(gateway, OPEN) != 0 {
            tokio::task::yield_now().await
        }
    };
    timeout(Duration::from_secs(10), closed).await.expect("it is closed");
}

/// R2, S4: the handshake arrives as it was meant, then bytes pass both ways, and each side hears of the other's end.
#[tokio::test]
async fn a_websocket_passes_through() {
    let (gateway, asked) = start_echo(30_000).await;
    let (mut client, head) = switch(&gateway).await;
    let asked = asked.lock().await.clone();
    for line in
        ["connection: upgrade\r\n", "upgrade: websocket\r\n", "sec-websocket-version: 13\r\n", "host: x\r\n"]
    {
        assert!(asked.contains(line), "{asked}");
    }
    assert!(!asked.contains("keep-alive"), "{asked}");
    for line in
        ["upgrade: websocket\r\n", "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n", "x-request-id: "]
    {
        assert!(head.contains(line), "{head}");
    }
    assert!(!head.contains("prosopa-"), "{head}");
    assert_eq!(metric(&gateway, OPEN), 1);
    for round in 0..50 {
        let message = vec![round; 10_000];
        client.write_all(&message).await.unwrap();
        expect(&mut client, &message).await;
    }
    client.shutdown().await.unwrap();
    assert_eq!(timeout(Duration::from_secs(10), read_rest(client)).await.unwrap(), "bye");
    until_closed(&gateway).await;
}

/// S4: a socket on which nothing moves is closed.
#[tokio::test]
async fn a_silent_websocket_is_closed() {
    let (gateway, _) = start_echo(200).await;
    let (client, _) = switch(&gateway).await;
    assert_eq!(timeout(Duration::from_secs(10), read_rest(client)).await.expect("it is closed"), "");
    until_closed(&gateway).await;
}

/// S4: the end of the process is the end of its sockets.
#[tokio::test]
async fn websockets_end_with_the_gateway() {
    let (gateway, _) = start_echo(30_000).await;
    let (client, _) = switch(&gateway).await;
    gateway.platform.shutdown.cancel();
    assert_eq!(timeout(Duration::from_secs(10), read_rest(client)).await.expect("it is closed"), "");
    until_closed(&gateway).await;
    gateway.stop().await;
}

/// A service that does not want the socket says so itself.
#[tokio::test]
async fn a_refused_handshake_is_an_answer() {
    let gateway = start_scripted(once(), |_, mut stream| async move {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
        stream.write_all(answer).await.unwrap();
        let _ = stream.read(&mut [0; 1]).await;
    })
    .await;
    let mut client = connect(&gateway, HANDSHAKE).await;
    let head = read_head(&mut client).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    expect(&mut client, b"no").await;
    let connections = "prosopa_gateway_upstream_connections{service=\"mirror\"}";
    let closed = async {
        while metric(&gateway, connections) != 0 {
            tokio::task::yield_now().await
        }
    };
    timeout(Duration::from_secs(10), closed).await.expect("its connection is closed");
}

/// S4: nothing but a WebSocket, asked for in the right way, changes the protocol.
#[tokio::test]
async fn other_upgrades_are_asked_for_in_vain() {
    for lines in [
        "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
        "Upgrade: websocket\r\n",
        "Connection: close\r\nUpgrade: websocket\r\n",
    ] {
        let gateway = start_scripted(once(), |_, mut stream| async move {
            let head = read_head(&mut stream).await.unwrap().to_ascii_lowercase();
            let is_clean = !head.contains("upgrade") && !head.contains("http2-settings");
            let body = if is_clean { "clean" } else { "dirty" };
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let mut client =
            connect(&gateway, &format!("GET /api/v1/mirror/head HTTP/1.1\r\nHost: x\r\n{lines}\r\n")).await;
        let head = read_head(&mut client).await.unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{lines}: {head}");
        expect(&mut client, b"clean").await;
    }
}
