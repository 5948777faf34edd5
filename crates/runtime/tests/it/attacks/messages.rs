//! Messages that two readers could read differently (RFC 9112, sections 2.2 to 7 and 11.2).

use prosopa_runtime::ListenerOptions;

use super::{Target, read_until, statuses};
use tokio::io::AsyncWriteExt;

/// What would be smuggled in if the message before it were taken.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends it with another request behind it: it is refused with `status`, and nothing behind it is read.
async fn is_refused(target: &Target, message: &str, status: u16) {
    let answers = target.ask(format!("{message}{SMUGGLED}")).await;
    assert_eq!(statuses(&answers), [status], "{message:?}: {answers}");
    assert!(!target.seen().iter().any(|line| line.contains("smuggled")), "{message:?}");
}

async fn target() -> Target {
    Target::start(ListenerOptions::default()).await
}

/// F9: lengths that contradict each other, or that somebody might read otherwise.
#[tokio::test]
async fn two_lengths_are_refused_and_end_the_connection() {
    let target = target().await;
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: 5 5",
        "Content-Length: 18446744073709551621",
        "Content-Length : 5",
        "Content-Length: 5\r\n 0",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
        "X: y\r\n Transfer-Encoding: chunked",
        " Transfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: a\0b",
        ": y",
        "X",
        "X y: z",
        "X\u{e9}: z",
    ] {
        is_refused(&target, &format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n"), 400).await;
    }
    assert_eq!(target.seen(), [""; 0]);
}

/// F9: only HTTP/1.1 knows chunks.
#[tokio::test]
async fn http_1_0_has_no_chunks() {
    let message = "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    is_refused(&target().await, message, 400).await;
}

/// F9: each byte of the frame in its place.
#[tokio::test]
async fn broken_chunks_end_the_connection() {
    let target = target().await;
    for body in [
        "0x5\r\nabcde\r\n0\r\n\r\n",
        "+5\r\nabcde\r\n0\r\n\r\n",
        "5 \r\nabcde\r\n0\r\n\r\n",
        "5\nabcde\r\n0\r\n\r\n",
        "5\r\nabcde0\r\n\r\n",
        "5\r\nabcdef\r\n0\r\n\r\n",
        "5;a\nb\r\nabcde\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n",
        "0\r\n\n",
        "0\r\n X: folded\r\n\r\n",
        "-1\r\n",
        "\r\n",
    ] {
        let message = format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        is_refused(&target, &message, 400).await;
    }
    assert_eq!(target.seen(), [""; 0]);
}

/// F9: lines that are not a request of HTTP/1.1, with an answer that every client understands.
#[tokio::test]
async fn other_request_lines_are_refused() {
    let target = target().await;
    for line in [
        "GET /",
        "GET / HTTP/0.9",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET  / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "G\u{e9}T / HTTP/1.1",
        "GET /\0 HTTP/1.1",
        " GET / HTTP/1.1",
        "PRI * HTTP/2.0",
    ] {
        is_refused(&target, &format!("{line}\r\nHost: x\r\n\r\n"), 400).await;
    }
    is_refused(&target, "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400).await;
    is_refused(&target, "GET / HTTP/1.1\nHost: x\n\n", 400).await;
    assert_eq!(target.seen(), [""; 0]);
}

/// F9: one host, and nothing in it that hides another one.
#[tokio::test]
async fn a_request_names_one_host() {
    let target = target().await;
    for head in [
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b",
        "GET / HTTP/1.1\r\nHost:",
        "GET / HTTP/1.1\r\nHost: a b",
        "GET / HTTP/1.1\r\nHost: a/b",
        "GET / HTTP/1.1\r\nHost: a@b",
        "GET / HTTP/1.1\r\nHost: a:99999",
        "GET / HTTP/1.1\r\nHost: a:b:c",
        "GET / HTTP/1.1\r\nHost: a,b",
        "GET http://a/ HTTP/1.1\r\nHost: b",
        "GET http://a:1/ HTTP/1.1\r\nHost: a:2",
        "GET http://a@b/ HTTP/1.1\r\nHost: b",
        "GET http://b@a/ HTTP/1.1\r\nHost: a",
        "GET http:///x HTTP/1.1\r\nHost: a",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443",
    ] {
        is_refused(&target, &format!("{head}\r\n\r\n"), 400).await;
    }
    assert_eq!(target.seen(), [""; 0]);
    for head in [
        "GET / HTTP/1.0",
        "GET / HTTP/1.1\r\nConnection: close\r\nHost: a_b.example:65535",
        "GET / HTTP/1.1\r\nConnection: close\r\nHost: [::1]:8080",
        "GET http://a/ HTTP/1.1\r\nConnection: close\r\nHost: A:80",
    ] {
        assert_eq!(statuses(&target.ask(format!("{head}\r\n\r\n")).await), [200], "{head}");
    }
}

/// F9: what cannot be met is refused; what can be is met.
#[tokio::test]
async fn only_one_expectation_is_known() {
    let target = target().await;
    for value in ["200-ok", "100-continue, x", "x"] {
        is_refused(&target, &format!("GET / HTTP/1.1\r\nHost: x\r\nExpect: {value}\r\n\r\n"), 417).await;
    }
    let mut stream = target.connect().await;
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    assert!(read_until(&mut stream, b"\r\n\r\n").await.starts_with("HTTP/1.1 100"));
    stream.write_all(b"hi").await.unwrap();
    assert!(read_until(&mut stream, b"ok").await.starts_with("HTTP/1.1 200"));
    assert_eq!(target.seen(), ["POST / hi"]);
}

/// F9: an upgrade that is not known is not answered, and what follows is read as what it is.
#[tokio::test]
async fn an_upgrade_to_http_2_is_overlooked() {
    let target = target().await;
    let head = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    let last = "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&target.ask(format!("{head}{last}")).await), [200, 200]);
    let bad = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(statuses(&target.ask(format!("{head}{bad}")).await), [200, 400]);
}

/// F9: where an upgrade is not granted, nobody has looked at what follows it, so nobody reads it.
#[tokio::test]
async fn what_follows_a_denied_upgrade_is_not_read() {
    let target = target().await;
    for upgrade in ["websocket", "WebSocket", "h2c\r\nUpgrade: websocket"] {
        let head = format!("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n");
        is_refused(&target, &head, 200).await;
    }
    let with_body = "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\n";
    is_refused(&target, with_body, 400).await;
}

/// F9: requests behind one another are answered in order, and none behind one that is refused.
#[tokio::test]
async fn a_refusal_comes_after_the_answers_before_it() {
    let target = target().await;
    let good = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
    let chunked = "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nho\r\n0\r\n\r\n";
    let bad = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi";
    let answers = target.ask(format!("{good}{chunked}{good}{bad}{SMUGGLED}")).await;
    assert_eq!(statuses(&answers), [200, 200, 200, 400], "{answers}");
    assert_eq!(target.seen(), ["POST /a hi", "POST /b ho", "POST /a hi"]);
    let document = answers.rsplit("\r\n\r\n").next().unwrap();
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["code"], "malformed-request");
    assert_eq!(document["detail"], "Content-Length is there twice");
    for header in ["x-content-type-options: nosniff", "cache-control: no-store", "frame-ancestors 'none'"] {
        assert_eq!(answers.matches(header).count(), 1, "{header} on the refusal alone: {answers}");
    }
}

/// Whoever guesses how a refusal is handed on gets no answer but that there is no such method.
#[tokio::test]
async fn the_stand_in_of_a_refusal_is_a_request_like_any_other() {
    let target = target().await;
    let guess = "REFUSED / HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&target.ask(format!("{guess}{last}")).await), [200, 200]);
    assert_eq!(target.seen(), ["REFUSED /", "GET /"]);
}

/// HTTP/1.0 clients that want to go on may.
#[tokio::test]
async fn http_1_0_may_keep_its_connection() {
    let target = target().await;
    let kept = "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let answers = target.ask(format!("{kept}GET /b HTTP/1.0\r\n\r\n{SMUGGLED}")).await;
    assert_eq!(statuses(&answers), [200, 200], "{answers}");
    assert_eq!(target.seen(), ["GET /a", "GET /b"]);
}
