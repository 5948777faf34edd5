use http::{Method, Request, StatusCode, Version};
use prosopa_http::signatures::{ContentDigest, Nonce};
use prosopa_model::{Scope, Scopes, Timestamp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::ServiceExt;

use super::{
    SECRET, Scene, THINGS,
    message::{Message, read},
    signer,
};
use crate::harness::{Call, fast};

/// K2: who signs is authenticated by it, charged and noted; the service sees no signature.
#[tokio::test]
async fn a_signed_request_is_its_clients() {
    let scene = Scene::start().await;
    let reply = scene.send(&scene.signed("a thing")).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.head);
    assert_eq!(reply.json()["account_id"], scene.principal.account_id.to_string());
    assert_eq!(reply.json()["bytes"], 7);
    let headers = reply.json()["headers"].to_string();
    assert!(headers.contains("content-digest") && !headers.contains("\"signature"), "{headers}");
    assert_eq!(scene.gateway.used("token").await, (1, 1));
    assert_eq!(*scene.gateway.keys.uses.lock().unwrap(), ["psa_hmac"]);
    assert_eq!(scene.outcomes("accepted"), 1);
}

/// K2: with a key pair as with a shared secret.
#[tokio::test]
async fn a_key_pair_signs_too() {
    let scene = Scene::start().await;
    let message = Message::post(THINGS, "a thing");
    let message = message.sign(&signer("psa_pair"), scene.now_s(), Nonce::random().unwrap());
    assert_eq!(scene.send(&message).await.status, StatusCode::CREATED);
}

/// K2: reading, with a query as it is written; asking for the head alone, which is not the same as reading; deleting.
#[tokio::test]
async fn every_method_can_be_signed() {
    let scene = Scene::start().await;
    for (method, target) in [
        ("GET", "/api/v1/things"),
        ("GET", "/api/v1/things?b=%41&a=1&a=+2&&"),
        ("GET", "/api/v1/things?"),
        ("HEAD", "/api/v1/things"),
        ("DELETE", "/api/v1/things/1"),
    ] {
        let message = scene.sign(Message::new(method, target));
        assert_eq!(scene.send(&message).await.status, StatusCode::OK, "{method} {target}");
    }
    let as_get = scene.sign(Message::new("GET", THINGS)).with_method("HEAD");
    assert_eq!(scene.send(&as_get).await.status, StatusCode::UNAUTHORIZED);
}

/// K2: a request that announces no content needs no digest.
#[tokio::test]
async fn reading_needs_no_digest() {
    let scene = Scene::start().await;
    let covered = r#""@method" "@authority" "@path" "@query""#;
    for method in ["GET", "HEAD"] {
        let message = Message::new(method, THINGS).sign_as(covered, &parameters(&scene, method), mac);
        assert_eq!(scene.send(&message).await.status, StatusCode::OK, "{method}");
    }
}

/// K2: the body may come in chunks, and after leave was given to send it.
#[tokio::test]
async fn a_body_comes_as_it_likes() {
    let scene = Scene::start().await;
    let in_chunks = scene.signed("a thing in chunks").in_chunks(&["a thing", " in ", "chunks"]);
    let reply = scene.send(&in_chunks).await;
    assert_eq!((reply.status, &reply.json()["bytes"]), (StatusCode::CREATED, &17.into()));

    let asks = scene.sign(Message::post(THINGS, "a thing").with("Expect", "100-continue"));
    let mut client = TcpStream::connect(scene.gateway.address).await.unwrap();
    client.write_all(&asks.head()).await.unwrap();
    let mut interim = [0; 25];
    client.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(&asks.body).await.unwrap();
    assert_eq!(read(&mut client).await.status, StatusCode::CREATED);

    // Whoever is refused is refused before it sends anything.
    let refused = asks.replace("Signature-Input", "psa_hmac", "psa_none");
    let mut client = TcpStream::connect(scene.gateway.address).await.unwrap();
    client.write_all(&refused.head()).await.unwrap();
    assert_eq!(read(&mut client).await.status, StatusCode::UNAUTHORIZED);
}

/// K2: of several signatures, such as a proxy on the way adds, the one that is tagged for this product counts.
#[tokio::test]
async fn the_signature_of_a_proxy_is_no_obstacle() {
    let scene = Scene::start().await;
    let covered = r#""@method" "@authority" "@path" "@query""#;
    let tagged = format!("{};tag=\"prosopa\"", parameters(&scene, "tagged"));
    let message = Message::new("GET", THINGS).sign_as(covered, &tagged, mac);
    let (input, signature) = (message.header("Signature-Input"), message.header("Signature"));
    let (input, signature) =
        (format!(r#"proxy=("@method");keyid="cdn", {input}"#), format!("{signature}, proxy=:AAAA:"));
    let message = message.set("Signature-Input", &input).set("Signature", &signature);
    assert_eq!(scene.send(&message).await.status, StatusCode::OK);
}

/// K2: over HTTP/2 the authority is what the request is addressed to.
#[tokio::test]
async fn over_http_2_the_target_names_the_host() {
    let scene = Scene::start().await;
    let sign = || {
        let request = Request::builder().method(Method::POST).uri("http://api.test/api/v1/things");
        let mut parts = request.version(Version::HTTP_2).body(()).unwrap().into_parts().0;
        let now = Timestamp::from_micros(scene.now_s() * 1_000_000);
        let nonce = Nonce::random().unwrap();
        signer("psa_hmac").sign(&mut parts, ContentDigest::of(b"a thing"), now, nonce).unwrap();
        parts
    };
    let send = |parts| {
        let request = Request::from_parts(parts, axum::body::Body::from("a thing"));
        scene.gateway.router.clone().oneshot(request)
    };
    assert_eq!(send(sign()).await.unwrap().status(), StatusCode::CREATED);
    let mut altered = sign();
    altered.uri = "http://api.test:8080/api/v1/things".parse().unwrap();
    assert_eq!(send(altered).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let mut contradictory = sign();
    contradictory.headers.insert("host", "other.test".parse().unwrap());
    assert_eq!(send(contradictory).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

/// K1, R7: a client has the scopes and the role that it was given, and no more.
#[tokio::test]
async fn a_signature_gives_no_more_than_the_client_has() {
    let scene = Scene::start().await;
    let mut reader = scene.principal.clone();
    reader.scopes = Scopes::from_iter([Scope::FacesRead]);
    let key = prosopa_contract::client_keys::ClientKey {
        principal: reader,
        algorithm: prosopa_contract::client_keys::SignatureAlgorithm::HmacSha256,
        material: SECRET.to_vec().into(),
        valid_until: None,
    };
    scene.gateway.know_key("psa_hmac", key);
    let problem = scene.send(&scene.signed("a thing")).await;
    assert_eq!((problem.status, &problem.json()["code"]), (StatusCode::FORBIDDEN, &"forbidden".into()));
    let pair = |target| {
        Message::new("GET", target).sign(&signer("psa_pair"), scene.now_s(), Nonce::random().unwrap())
    };
    let problem = scene.send(&pair("/api/v1/admin/quota-plans")).await;
    assert_eq!(problem.json()["detail"], "only administrators may do this");
}

/// F7: one credential a request; which of two would count is nobody's guess.
#[tokio::test]
async fn a_signature_and_another_credential_are_malformed() {
    let scene = Scene::start().await;
    for (name, value) in [("Authorization", "Bearer token"), ("X-API-Key", "token"), ("Authorization", "x")] {
        let message = scene.signed("a thing").with(name, value);
        let reply = scene.send(&message).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (StatusCode::BAD_REQUEST, &"malformed-request".into())
        );
        let half = scene.signed("a thing").without("Signature").with(name, value);
        assert_eq!(scene.send(&half).await.status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert_eq!(scene.committed(), 0);
}

/// K2: public operations look at no signature, and pass none on.
#[tokio::test]
async fn a_public_operation_does_not_look_at_signatures() {
    let scene = Scene::start().await;
    let call = Call::get("/api/v1/things/1").header("signature", "x").header("signature-input", "y");
    assert_eq!(scene.gateway.send(call).await.status, StatusCode::OK);
}

/// K2: where nobody knows the keys of clients, a signature is no credential.
#[tokio::test]
async fn without_a_peer_that_knows_keys_no_signature_is_taken() {
    let scene = Scene::start().await;
    let mut platform = scene.gateway.platform.clone();
    platform.metrics = prosopa_telemetry::Metrics::new();
    platform.peers.client_keys = None;
    let parts = <prosopa_gateway::GatewayService as prosopa_runtime::Service>::build(fast(), &platform).await;
    let request = Request::from_parts(scene.signed("a thing").parts(), axum::body::Body::from("a thing"));
    let answer = parts.unwrap().http.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(scene.committed(), 0);
}

/// Those of a signature that is made now by `psa_hmac`; the purpose makes the nonce.
pub(crate) fn parameters(scene: &Scene, purpose: &str) -> String {
    let now_s = scene.now_s();
    let expires = now_s + 60;
    format!(";created={now_s};expires={expires};nonce=\"{purpose:A<22}\";keyid=\"psa_hmac\"")
}

/// HMAC with SHA-256 under the client's secret.
pub(crate) fn mac(base: &[u8]) -> Vec<u8> {
    mac_with(SECRET, base)
}

pub(crate) fn mac_with(secret: &[u8], base: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac;
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), base).as_ref().to_vec()
}
