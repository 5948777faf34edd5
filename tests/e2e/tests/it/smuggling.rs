//! What hostile clients send to the real gateway, over raw sockets.

use std::time::Duration;

use prosopa_harness::Product;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const JWKS: &str = "/.well-known/jwks.json";

/// What comes until the server closes.
async fn ask(product: &Product, bytes: &str) -> String {
    let address = product.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes.as_bytes()).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection stays open after {bytes}");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}

/// F9: nothing is read behind a message that two readers could read differently, and the refusal has a code.
#[tokio::test]
async fn nothing_is_smuggled_behind_a_refusal() {
    let product = Product::start().await;
    let smuggled = format!("GET {JWKS} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let login = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json";
    for (head, code) in [
        (format!("{login}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{login}\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{login}\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"), "400"),
        (format!("{login}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{login}\nContent-Length: 0\r\n\r\n"), "400"),
        (format!("{login}\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"), "400"),
        (format!("GET {JWKS} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400"),
        (format!("GET http://a{JWKS} HTTP/1.1\r\nHost: b\r\n\r\n"), "400"),
        (format!("GET {JWKS} HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n"), "417"),
        (format!("GET {JWKS} HTTP/1.1\r\nHost: localhost\r\nA: {}\r\n\r\n", "a".repeat(40_000)), "431"),
        (format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(10_000)), "414"),
    ] {
        let answer = ask(&product, &format!("{head}{smuggled}")).await;
        assert_eq!(status(&answer), code, "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

/// F9: a path that would have to be normalised names nothing, and no method does what it does elsewhere.
#[tokio::test]
async fn paths_and_methods_are_taken_as_they_are() {
    let product = Product::start().await;
    for path in [
        "/../.well-known/jwks.json",
        "/api/../.well-known/jwks.json",
        "/.well-known/./jwks.json",
        "//.well-known/jwks.json",
        "/.well-known/jwks.json/",
        "/%2ewell-known/jwks.json",
        "/%252ewell-known/jwks.json",
        "/..%2f.well-known/jwks.json",
        "/..%5c.well-known/jwks.json",
        "/..\\.well-known/jwks.json",
        "/.well-known/jwks.json;x=y",
        "/.well-known/jwks.json%00",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = ask(&product, &head).await;
        assert!(matches!(status(&answer), "404" | "400"), "{path}: {answer}");
    }
    for (head, expected) in [
        (format!("TRACE {JWKS} HTTP/1.1"), "405"),
        ("CONNECT localhost:80 HTTP/1.1".to_owned(), "400"),
        ("OPTIONS * HTTP/1.1".to_owned(), "404"),
        (format!("GET {JWKS} HTTP/1.1"), "200"),
        (format!("GET http://localhost{JWKS} HTTP/1.1"), "200"),
    ] {
        let answer = ask(&product, &format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(status(&answer), expected, "{head}: {answer}");
    }
}

/// F9: who says to be somebody else is held to the rate of the connection's own address.
#[tokio::test]
async fn a_spoofed_address_has_no_rate_of_its_own() {
    let product =
        Product::start_with(&[("PROSOPA_GATEWAY__ADDRESS_RATE", "{requests_per_second=1,burst=3}")]).await;
    let mut limited = 0;
    for number in 0..8 {
        let spoofed = format!("X-Forwarded-For: 198.51.100.{number}\r\nForwarded: for=198.51.100.{number}");
        let head =
            format!("GET {JWKS} HTTP/1.1\r\nHost: localhost\r\n{spoofed}\r\nConnection: close\r\n\r\n");
        limited += usize::from(status(&ask(&product, &head).await) == "429");
    }
    assert!(limited >= 3, "{limited}");
}
