//! K2, N9: the content is the one that was signed, or nothing comes of it.

use http::StatusCode;
use prosopa_http::signatures::Nonce;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{Scene, message::Message, signer};

/// The service reads to the end before it commits, and is not given the end.
#[tokio::test]
async fn another_content_comes_to_nothing() {
    let scene = Scene::start().await;
    let signed = || scene.signed("a thing");
    let cases = [
        ("of the same length", signed().with_body("b thing")),
        ("truncated", signed().set("Content-Length", "3").with_body("a t")),
        ("nothing", signed().set("Content-Length", "0").with_body("")),
        ("nothing, and no length", signed().without("Content-Length").with_body("")),
        ("longer", signed().set("Content-Length", "8").with_body("a thing!")),
        ("one chunk more", signed().in_chunks(&["a thing", "!"])),
        ("one chunk less", signed().in_chunks(&["a thi"])),
        ("no chunk", signed().in_chunks(&[])),
        ("chunks in another order", signed().in_chunks(&["thing", "a "])),
    ];
    for (case, message) in &cases {
        scene.expect_refused(case, &scene.send(message).await);
    }
    assert_eq!(scene.outcomes("false_content"), cases.len() as u64);
    assert_eq!(scene.gateway.used("token").await, (0, 0), "it costs nothing");
}

/// Whatever the service made of a content that broke off, the answer is that it was not genuine, and costs nothing.
#[tokio::test]
async fn a_service_that_ignores_errors_does_not_hide_it() {
    let scene = Scene::start().await;
    let sign = |body| scene.sign(Message::post("/api/v1/ignored-errors", body));
    let reply = scene.send(&sign("a thing").with_body("b thing")).await;
    scene.expect_refused("ignored", &reply);
    assert!(reply.head.contains("\"day\";r=100;"), "{}", reply.head);
    assert_eq!(scene.gateway.used("token").await, (0, 0));
    assert_eq!(scene.send(&sign("a thing")).await.status, StatusCode::CREATED);
    assert_eq!(scene.gateway.used("token").await, (1, 1));
}

/// An empty content is signed like any other.
#[tokio::test]
async fn nothing_has_a_digest_too() {
    let scene = Scene::start().await;
    assert_eq!(scene.send(&scene.signed("")).await.status, StatusCode::CREATED);
    let filled = scene.signed("").set("Content-Length", "7").with_body("a thing");
    assert_eq!(scene.send(&filled).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.committed(), 1);
}

/// Where an operation takes no content none can be smuggled in, though its service would not read it.
#[tokio::test]
async fn an_operation_without_a_content_takes_none() {
    let scene = Scene::start().await;
    let target = "/api/v1/things/1";
    let plain = || Message::new("DELETE", target).with("Transfer-Encoding", "chunked");
    let smuggled = scene.sign(plain()).in_chunks(&["x"]);
    assert_eq!(scene.send(&smuggled).await.status, StatusCode::UNAUTHORIZED);
    let now_s = scene.now_s();
    let meant = plain().sign_content(&signer("psa_hmac"), now_s, Nonce::random().unwrap(), b"x");
    assert_eq!(scene.send(&meant.in_chunks(&["x"])).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let digest_of_another = Message::new("DELETE", target).sign_content(
        &signer("psa_hmac"),
        now_s,
        Nonce::random().unwrap(),
        b"a thing",
    );
    assert_eq!(scene.send(&digest_of_another).await.status, StatusCode::UNAUTHORIZED);
    let empty =
        scene.sign(Message::new("DELETE", target)).with("Transfer-Encoding", "chunked").in_chunks(&[]);
    assert_eq!(scene.send(&empty).await.status, StatusCode::OK);
}

/// A content that is too large is told so, signed or not.
#[tokio::test]
async fn a_content_that_is_too_large_is_cut() {
    let scene = Scene::start().await;
    let large = "a thing ".repeat(9);
    assert_eq!(scene.send(&scene.signed(&large)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let in_chunks = scene.signed(&large).in_chunks(&[&large[..40], &large[40..]]);
    assert_eq!(scene.send(&in_chunks).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!((scene.committed(), scene.gateway.used("token").await), (0, (0, 0)));
}

/// A client that goes away in the middle has had nothing done.
#[tokio::test]
async fn half_a_content_comes_to_nothing() {
    let scene = Scene::start().await;
    let message = scene.signed("a thing");
    let mut client = TcpStream::connect(scene.gateway.address).await.unwrap();
    client.write_all(&message.head()).await.unwrap();
    client.write_all(&message.body[..3]).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    BufReader::new(client).read_to_end(&mut answer).await.unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(scene.committed(), 0);
}
