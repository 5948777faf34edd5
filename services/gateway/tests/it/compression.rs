//! How answers are packed, and that requests are not.

use std::io::Read;

use flate2::read::GzDecoder;
use http::{Method, StatusCode};

use crate::harness::{Answer, Call, Gateway, fast, user};

const DOCUMENT: &str = "/api/openapi.json";
const GZIP: (&str, &str) = ("accept-encoding", "gzip");

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(&*answer.body).read_to_end(&mut bytes).unwrap();
    bytes
}

/// An answer that repeats what it was asked, of so many bytes about.
fn echo(bytes: usize) -> Call {
    Call::get(&format!("/api/v1/things/{}", "a".repeat(bytes)))
}

/// What is larger than a packet and compresses well is packed as the client can unpack it.
#[tokio::test]
async fn texts_are_packed_as_clients_wish() {
    let gateway = Gateway::start(fast()).await;
    let plain = gateway.send(Call::get(DOCUMENT)).await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("(absent)", "accept-encoding"));
    let packed = gateway.send(Call::get(DOCUMENT).header(GZIP.0, GZIP.1)).await;
    assert_eq!(packed.status, StatusCode::OK);
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "accept-encoding"));
    assert_eq!(packed.header("content-length"), "(absent)");
    assert_eq!(packed.header("ratelimit-policy"), plain.header("ratelimit-policy"));
    assert!(packed.body.len() * 3 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
    assert_eq!(unpacked(&packed), plain.body);
    for (accepted, encoding) in [
        ("br, gzip", "br"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("gzip;q=0, br", "br"),
        ("gzip;q=0", "(absent)"),
        ("identity", "(absent)"),
        ("zstd", "(absent)"),
        ("deflate", "(absent)"),
        ("", "(absent)"),
        ("gzip;q=eleven", "(absent)"),
    ] {
        let answer = gateway.send(Call::get(DOCUMENT).header("accept-encoding", accepted)).await;
        assert_eq!(
            (answer.status, answer.header("content-encoding")),
            (StatusCode::OK, encoding),
            "{accepted}"
        );
    }
}

#[tokio::test]
async fn small_answers_and_problems_stay_as_they_are() {
    let gateway = Gateway::start(fast()).await;
    for call in [echo(100), Call::get("/api/v1/nothing"), Call::post("/api/v1/things")] {
        let answer = gateway.send(call.header(GZIP.0, GZIP.1)).await;
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), ("(absent)", "(absent)"));
        answer.json();
    }
}

/// What a session's cookie brings is not packed, lest other sites learn it from lengths: other credentials cannot be
/// forced on a browser.
#[tokio::test]
async fn secret_answers_to_cookies_are_not_packed() {
    let gateway = Gateway::start(fast()).await;
    gateway.know("token", &user());
    let secret = gateway.send(echo(5_000).header(GZIP.0, GZIP.1).header("cookie", "theme=dark")).await;
    assert_eq!((secret.header("cache-control"), secret.header("content-encoding")), ("no-store", "(absent)"));
    let by_token = gateway.send(echo(5_000).header(GZIP.0, GZIP.1).bearer("token")).await;
    assert_eq!((by_token.header("cache-control"), by_token.header("content-encoding")), ("no-store", "gzip"));
    let public =
        gateway.send(Call::get(DOCUMENT).header(GZIP.0, GZIP.1).header("cookie", "theme=dark")).await;
    assert_eq!((public.header("cache-control"), public.header("content-encoding")), ("no-cache", "gzip"));
}

/// HEAD tells what GET would.
#[tokio::test]
async fn a_head_has_the_headers_of_its_get() {
    let gateway = Gateway::start(fast()).await;
    let get = gateway.send(Call::get(DOCUMENT).header(GZIP.0, GZIP.1)).await;
    let head = gateway.send(Call::new(Method::HEAD, DOCUMENT).header(GZIP.0, GZIP.1)).await;
    for name in ["content-encoding", "content-type", "content-length", "vary", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

/// A packed body could become any number of bytes: none is taken.
#[tokio::test]
async fn packed_requests_are_refused() {
    let gateway = Gateway::start(fast()).await;
    let upload = |encodings: &[&str]| {
        let call = Call::post("/api/v1/upload").body("abc");
        encodings.iter().fold(call, |call, encoding| call.header("content-encoding", encoding))
    };
    for encodings in [&["gzip"][..], &["br"], &["identity, gzip"], &["identity", "gzip"], &["x"], &[""]] {
        let refused = gateway.send(upload(encodings)).await;
        refused.expect_problem(415, "unsupported-media-type");
        assert_eq!(refused.header("accept-encoding"), "identity");
    }
    for encodings in [&[][..], &["identity"], &["Identity"]] {
        assert_eq!(gateway.send(upload(encodings)).await.json()["bytes"], 3);
    }
}
