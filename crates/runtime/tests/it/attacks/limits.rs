//! Sizes, numbers and times of connections and heads.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};

use prosopa_runtime::ListenerOptions;

use super::{Target, eventually, read_to_end, read_until, statuses};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn code(answer: &str) -> String {
    let document = answer.rsplit("\r\n\r\n").next().unwrap();
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    document["code"].as_str().unwrap().to_owned()
}

/// F9: a head has a size, whether it ends or not, and whoever exceeds it is told.
#[tokio::test]
async fn large_heads_are_refused() {
    let target = Target::start(ListenerOptions::default()).await;
    let large = "b".repeat(33 * 1024);
    let many = "A: b\r\n".repeat(80);
    let ten_thousand = "x".repeat(10_000);
    for (head, status, expected) in [
        (format!("GET / HTTP/1.1\r\nHost: x\r\nA: {large}\r\n\r\n"), 431, "headers-too-large"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nA: {large}"), 431, "headers-too-large"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), 431, "headers-too-large"),
        (format!("GET /{ten_thousand} HTTP/1.1\r\nHost: x\r\n\r\n"), 414, "uri-too-long"),
        (format!("GET /{ten_thousand}"), 414, "uri-too-long"),
        ("G".repeat(10_000), 414, "uri-too-long"),
    ] {
        let answer = target.ask(&head).await;
        assert_eq!(statuses(&answer), [status], "{}", &head[..30]);
        assert_eq!(code(&answer), expected);
        assert!(answer.contains("connection: close"), "{answer}");
    }
    assert_eq!(target.seen(), [""; 0]);
    // 10,000 bytes in one field are within the limit of 32 KiB.
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: {ten_thousand}\r\n\r\n");
    assert_eq!(statuses(&target.ask(head).await), [200]);
}

/// F9: one byte after the other does not make a head longer than its time, nor cost more than its bytes.
#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let options = ListenerOptions { head_timeout: Duration::from_millis(200), ..ListenerOptions::default() };
    let target = Target::start(options).await;
    let mut stream = target.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nA: ").await.unwrap();
    let (mut read, mut write) = stream.split();
    let drip = async {
        while write.write_all(b"b").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    let end = async {
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut rest).await;
    };
    let cut = async {
        tokio::select! { () = drip => {}, () = end => {} }
    };
    tokio::time::timeout(super::PATIENCE, cut).await.expect("the connection ends");
    assert_eq!(target.seen(), [""; 0]);
}

/// F9: so does a head in pieces that is good in the end.
#[tokio::test]
async fn a_head_in_pieces_is_read() {
    let target = Target::start(ListenerOptions::default()).await;
    let message = "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let mut stream = target.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in message.bytes() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(statuses(&read_to_end(&mut stream).await.unwrap()), [200]);
    assert_eq!(target.seen(), ["POST /a abc"]);
}

/// F9: a body that stops coming gives its place back; one that goes on may take longer than the pause that is allowed.
#[tokio::test]
async fn a_body_that_stops_coming_is_cut_off() {
    let options =
        ListenerOptions { body_idle_timeout: Duration::from_millis(300), ..ListenerOptions::default() };
    let target = Target::start(options).await;
    for head in ["Content-Length: 9", "Transfer-Encoding: chunked"] {
        let answer = target.ask(format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n1\r\n")).await;
        assert_eq!(statuses(&answer), [408], "{answer}");
        assert_eq!(code(&answer), "request-timeout");
    }
    assert_eq!(target.seen(), [""; 0]);
    assert!(target.metrics().contains(r#"reason="body_idle"} 2"#), "{}", target.metrics());
    let mut stream = target.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").await.unwrap();
    for _ in 0..9 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(b"a").await.unwrap();
    }
    assert!(read_until(&mut stream, b"ok").await.starts_with("HTTP/1.1 200"));
}

async fn connect_from(own: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(own.parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// F9: one address cannot take all connections, and gets its own back.
#[tokio::test]
async fn one_network_has_a_share_of_the_connections() {
    let options = ListenerOptions { connections_per_network_max: 2, ..ListenerOptions::default() };
    let target = Target::start(options).await;
    let mut own = Vec::new();
    for _ in 0..2 {
        let mut stream = connect_from("127.0.0.2:0", target.address()).await;
        stream.write_all(REQUEST).await.unwrap();
        read_until(&mut stream, b"ok").await;
        own.push(stream);
    }
    let mut third = connect_from("127.0.0.2:0", target.address()).await;
    // It may be gone already.
    let _ = third.write_all(REQUEST).await;
    assert_eq!(read_to_end(&mut third).await.unwrap(), "");
    let mut other = connect_from("127.0.0.3:0", target.address()).await;
    other.write_all(REQUEST).await.unwrap();
    read_until(&mut other, b"ok").await;
    own.pop();
    eventually("the place is given back", || {
        target.metrics().contains(r#"connections{listener="public"} 2"#)
    })
    .await;
    let mut fourth = connect_from("127.0.0.2:0", target.address()).await;
    fourth.write_all(REQUEST).await.unwrap();
    read_until(&mut fourth, b"ok").await;
}

/// F9: whoever is believed about others is not held to the share of one.
#[tokio::test]
async fn a_trusted_proxy_has_no_share() {
    let options = ListenerOptions {
        connections_per_network_max: 1,
        trusted_proxies: ["127.0.0.2/32".parse().unwrap()].into(),
        ..ListenerOptions::default()
    };
    let target = Target::start(options).await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = connect_from("127.0.0.2:0", target.address()).await;
        stream.write_all(REQUEST).await.unwrap();
        read_until(&mut stream, b"ok").await;
        kept.push(stream);
    }
}
