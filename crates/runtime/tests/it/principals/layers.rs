//! Both layers beside each other, without a network between them.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::{
    body::Body,
    transport::{Server, server::TcpIncoming},
};
use tower::{Layer, Service, ServiceExt, service_fn};

use prosopa_contract::engine::{Engine, EngineClient, EngineError, serve_engine};
use prosopa_http::Caller;
use prosopa_model::{Principal, QuotaSnapshot, RateLimit, Scopes};
use prosopa_runtime::{PROSOPA_PRINCIPAL, SignPrincipal, VerifyPrincipal};
use prosopa_testkit::{ScriptedEngine, TestPlatform};

use super::{GUARDED, anybody, call, connect, request, signer, token, verifier};

/// What a request looked like when it arrived.
type Seen = (HeaderMap, Option<Principal>);

/// A service that gives back what arrived at it.
fn mirror() -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
{
    service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(Body::default());
        response
            .extensions_mut()
            .insert::<Seen>((request.headers().clone(), request.extensions().get::<Principal>().cloned()));
        Ok::<_, Infallible>(response)
    })
}

async fn seen_by<B>(
    service: impl Service<Request<Body>, Response = Response<B>, Error: std::fmt::Debug>,
    request: Request<Body>,
) -> Seen {
    service.oneshot(request).await.unwrap().extensions().get::<Seen>().unwrap().clone()
}

fn verify(test: &TestPlatform) -> VerifyPrincipal {
    VerifyPrincipal::new(verifier(test), "detection", Arc::clone(&test.platform.clock))
}

/// A client's token is its own principal's, whatever header it was given along the way, and no log shows it.
#[tokio::test]
async fn a_client_sends_the_principal_of_its_request_only() {
    let test = TestPlatform::new();
    let client = SignPrincipal::new(signer(&test), "detection").layer(mirror());
    let (who, other) = (anybody(), anybody());
    let foreign = token(&test, &other, "detection");
    let mut signed = request("/mine", &[foreign.as_bytes()]);
    signed.extensions_mut().insert(who.clone());
    let (headers, principal) = seen_by(client.clone(), signed).await;
    assert_eq!(principal, None, "the principal is in the token alone");
    let sent: Vec<&HeaderValue> = headers.get_all(PROSOPA_PRINCIPAL).iter().collect();
    assert!(sent.len() == 1 && sent[0].is_sensitive());
    let read = verifier(&test).verify(sent[0].to_str().unwrap(), "detection", test.platform.clock.now());
    assert_eq!(read, Ok(who));
    let (headers, _) = seen_by(client, request("/mine", &[foreign.as_bytes()])).await;
    assert!(!headers.contains_key(PROSOPA_PRINCIPAL), "nobody stays nobody");
}

/// A principal that no service would read fails at the client.
#[tokio::test]
async fn a_call_whose_principal_cannot_be_signed_is_not_made() {
    let test = TestPlatform::new();
    let client = SignPrincipal::new(signer(&test), "detection").layer(mirror());
    let mut who = anybody();
    who.quota = Some(QuotaSnapshot {
        plan: "x".repeat(8 * 1024),
        windows: Vec::new(),
        rate: RateLimit { requests_per_second: 1, burst: 1 },
    });
    let mut request = request("/mine", &[]);
    request.extensions_mut().insert(who);
    let error = client.oneshot(request).await.unwrap_err();
    assert!(error.to_string().contains("more than 8192"), "{error}");
}

/// Behind the layer nothing but a token makes a principal, not even an extension that was there before.
#[tokio::test]
async fn a_principal_that_was_there_before_is_forgotten() {
    let test = TestPlatform::new();
    let handler = |Caller(principal): Caller| async move { principal.account_id.to_string() };
    let router = Router::new().route("/mine", get(handler)).layer(verify(&test));
    let send = |mut request: Request<Body>| {
        request.extensions_mut().insert(anybody());
        call(router.clone(), request)
    };
    assert!(send(request("/mine", &[])).await.is_unauthenticated());
    let who = anybody();
    let answer = send(request("/mine", &[token(&test, &who, "detection").as_bytes()])).await;
    assert_eq!((answer.status, answer.text()), (200, who.account_id.to_string().as_str()));
}

/// The layer stands before a server of tonic's as well as before a router.
#[tokio::test]
async fn one_layer_serves_both_kinds_of_servers() {
    let test = TestPlatform::new();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let engine = serve_engine(Arc::new(ScriptedEngine::new(|_| Err(EngineError::EmptyImage))));
    let server = Server::builder().layer(verify(&test)).add_service(engine);
    tokio::spawn(server.serve_with_incoming(incoming));
    let channel = connect(address);
    let answer = EngineClient::new(channel.clone()).describe_models().await;
    assert_eq!(answer.unwrap().name, "scripted", "public methods need no principal");
    assert!(call(channel, request(GUARDED[1], &[b"forged"])).await.is_unauthenticated());
}

/// A token is made once and used for half of its life; another principal of the same credential gets its own, and the
/// quota is always that of the request.
#[tokio::test]
async fn a_token_is_used_again_for_half_of_its_life() {
    let test = TestPlatform::new();
    let client = SignPrincipal::new(signer(&test), "detection").layer(mirror());
    let who = anybody();
    let token_of = async |who: &Principal| {
        let mut request = request("/mine", &[]);
        request.extensions_mut().insert(who.clone());
        seen_by(client.clone(), request).await.0[PROSOPA_PRINCIPAL].clone()
    };
    let first = token_of(&who).await;
    test.clock.advance(Duration::from_secs(29));
    assert_eq!(token_of(&who).await, first);
    let lesser = Principal { scopes: Scopes::default(), ..who.clone() };
    let of_lesser = token_of(&lesser).await;
    assert_ne!(of_lesser, first);
    assert_eq!(token_of(&lesser).await, of_lesser);
    let again = token_of(&who).await;
    test.clock.advance(Duration::from_secs(1));
    let renewed = token_of(&who).await;
    assert_ne!(renewed, again, "whoever reads it has half a minute");
    test.clock.set_back(Duration::from_secs(10));
    assert_ne!(token_of(&who).await, renewed, "what was made in the future is not valid yet");
}

/// F5: the quota is as fresh as the request though the token is not, and is nobody's without a token.
#[tokio::test]
async fn the_quota_travels_beside_the_token() {
    let test = TestPlatform::new();
    let client = SignPrincipal::new(signer(&test), "detection").layer(verify(&test).layer(mirror()));
    let mut who = anybody();
    for burst in [3, 2, 1] {
        let rate = RateLimit { requests_per_second: 1, burst };
        who.quota = Some(QuotaSnapshot { plan: "täglich".into(), windows: Vec::new(), rate });
        let mut request = request("/mine", &[]);
        request.extensions_mut().insert(who.clone());
        let (headers, seen) = seen_by(client.clone(), request).await;
        assert_eq!(seen.as_ref(), Some(&who));
        assert!(headers.is_empty(), "{headers:?}");
    }
    let mut forged = request("/mine", &[]);
    forged.headers_mut().insert("prosopa-quota", HeaderValue::from_static("{}"));
    let (headers, seen) = seen_by(verify(&test).layer(mirror()), forged).await;
    assert_eq!((headers.len(), seen), (0, None));
    let token = token(&test, &who, "detection");
    let mut broken = request("/mine", &[token.as_bytes()]);
    broken.headers_mut().insert("prosopa-quota", HeaderValue::from_static("{}"));
    let router = Router::new().route("/mine", get(|| async {})).layer(verify(&test));
    assert!(call(router, broken).await.is_unauthenticated());
}
