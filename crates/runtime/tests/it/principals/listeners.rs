//! Over real ports: whom each listener believes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use http::{HeaderMap, HeaderValue};
use tokio::sync::Notify;
use tonic::service::Routes;
use tower::Layer;

use prosopa_contract::engine::{EngineError, serve_engine};
use prosopa_http::{Caller, CurrentRequestId, finish_answers};
use prosopa_model::Principal;
use prosopa_runtime::{
    Host, InternalListener, InternalRoutes, ListenerOptions, Listeners, PROSOPA_PRINCIPAL, PeerAddress,
    SignPrincipal, VerifyPrincipal,
};
use prosopa_testkit::{ScriptedEngine, TestPlatform};

use super::{GUARDED, anybody, call, connect, request, signer, token, verifier};
use crate::Running;

/// A service with a route for everybody, one for principals, and methods over gRPC; each answer names the caller's
/// account, and whether a token got that far.
fn service() -> Router {
    let engine = serve_engine(Arc::new(ScriptedEngine::new(|_| Err(EngineError::EmptyImage))));
    Router::new()
        .route("/anybody", get(|| async { "open" }))
        .route("/mine", get(|Caller(principal): Caller| async move { principal.account_id.to_string() }))
        .merge(Routes::new(engine).into_axum_router())
        .layer(from_fn(name_the_caller))
}

async fn name_the_caller(request: Request, next: Next) -> Response {
    let account = request.extensions().get::<Principal>().map(|principal| principal.account_id.to_string());
    let has_token = request.headers().contains_key(PROSOPA_PRINCIPAL);
    let mut response = next.run(request).await;
    if let Some(account) = account {
        response.headers_mut().insert("x-account", HeaderValue::try_from(account).unwrap());
    }
    if has_token {
        response.headers_mut().insert("x-saw-token", HeaderValue::from_static("yes"));
    }
    response
}

struct World {
    running: Running,
    internal: SocketAddr,
}

impl World {
    /// One process with the same routes behind its public and its internal listener, the public ones behind the
    /// verification as well: they shall never meet a token that it could believe.
    async fn start() -> Self {
        Self::start_with(service()).await
    }

    async fn start_with(service: Router) -> Self {
        let test = TestPlatform::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any, any).await.unwrap();
        let (public, admin) = (listeners.public_address().unwrap(), listeners.admin_address().unwrap());
        let listener = InternalListener::bind(any).await.unwrap();
        let internal = listener.address().unwrap();
        let platform = test.platform.clone();
        let mut host = Host::new(platform.clone());
        let other =
            Router::new().route("/other", get(|Caller(_): Caller| async {})).fallback(|| async { "lost" });
        let routes = InternalRoutes::new(verifier(&test), Arc::clone(&platform.clock))
            .with_service("detection", service.clone())
            .with_service("other", other);
        host.serve_internal(listener, routes);
        let verify = VerifyPrincipal::new(verifier(&test), "detection", Arc::clone(&platform.clock));
        let host = tokio::spawn(host.run(
            listeners,
            service.layer(verify).layer(from_fn(finish_answers)),
            ListenerOptions::default(),
        ));
        Self { running: Running { platform, public, admin, host, test }, internal }
    }

    fn test(&self) -> &TestPlatform {
        &self.running.test
    }
}

/// S3: a service knows its callers by their tokens, over HTTP and gRPC alike.
#[tokio::test]
async fn a_genuine_token_passes_the_internal_listener() {
    let world = World::start().await;
    let who = anybody();
    let account = who.account_id.to_string();
    for path in GUARDED {
        let token = token(world.test(), &who, "detection");
        let answer = call(connect(world.internal), request(path, &[token.as_bytes()])).await;
        assert_eq!((answer.status, answer.account()), (200, Some(account.as_str())), "{path}");
        assert!(!answer.headers.contains_key("x-saw-token"), "the token goes no further");
        if path == GUARDED[1] {
            assert_eq!(answer.trailers["grpc-status"], "0");
            assert!(answer.body.windows(8).any(|bytes| bytes == b"scripted"));
        } else {
            assert_eq!(answer.text(), account);
        }
    }
}

/// S3: the layer of clients makes what the layer of servers believes.
#[tokio::test]
async fn a_client_that_signs_is_believed() {
    let world = World::start().await;
    let who = anybody();
    let client = SignPrincipal::new(signer(world.test()), "detection").layer(connect(world.internal));
    for path in GUARDED {
        let mut request = request(path, &[]);
        request.extensions_mut().insert(who.clone());
        let answer = call(client.clone(), request).await;
        assert_eq!(answer.account(), Some(who.account_id.to_string().as_str()), "{path}");
    }
}

/// Operations that need nobody are answered to nobody; the others are not.
#[tokio::test]
async fn without_a_token_the_caller_is_nobody() {
    let world = World::start().await;
    let answer = call(connect(world.internal), request("/anybody", &[])).await;
    assert_eq!((answer.status, answer.text(), answer.account()), (200, "open", None));
    assert!(call(connect(world.internal), request("/mine", &[])).await.is_unauthenticated());
    let answer = call(connect(world.internal), request(GUARDED[1], &[])).await;
    assert_eq!((answer.trailers["grpc-status"].as_bytes(), answer.account()), (&b"0"[..], None));
}

/// S3: what is not believed gets no further, not even to what is open to everybody.
#[tokio::test]
async fn a_token_that_is_not_genuine_is_refused_in_the_words_of_the_protocol() {
    let world = World::start().await;
    let (test, who) = (world.test(), anybody());
    let genuine = token(test, &who, "detection");
    let mut tampered = genuine.clone().into_bytes();
    let last = tampered.len() - 10;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    let of_another_deployment = token(&TestPlatform::new(), &who, "detection");
    let for_another_service = token(test, &who, "other");
    let oversized = format!("{genuine}{}", "A".repeat(9 * 1024));
    let refused: [&[&[u8]]; 8] = [
        &[&tampered],
        &[of_another_deployment.as_bytes()],
        &[for_another_service.as_bytes()],
        &[oversized.as_bytes()],
        &[genuine.as_bytes(), genuine.as_bytes()],
        &[genuine.as_bytes(), b""],
        &[b""],
        &[b"\xff"],
    ];
    for path in [GUARDED[0], GUARDED[1], "/anybody"] {
        let accepted = call(connect(world.internal), request(path, &[genuine.as_bytes()])).await;
        assert_eq!((accepted.status, accepted.account().is_some()), (200, true), "{path}");
        for (index, tokens) in refused.iter().enumerate() {
            let answer = call(connect(world.internal), request(path, tokens)).await;
            assert!(answer.is_unauthenticated(), "{path}: case {index}: {answer:?}");
        }
    }
    test.clock.advance(Duration::from_secs(66));
    for path in GUARDED {
        let answer = call(connect(world.internal), request(path, &[genuine.as_bytes()])).await;
        assert!(answer.is_unauthenticated(), "{path}: expired");
    }
    test.clock.set_back(Duration::from_secs(72));
    for path in GUARDED {
        let answer = call(connect(world.internal), request(path, &[genuine.as_bytes()])).await;
        assert!(answer.is_unauthenticated(), "{path}: not valid yet");
    }
}

/// S4: what the gateway tells of a client is believed on the internal listener alone.
#[tokio::test]
async fn the_client_is_named_by_the_gateway_alone() {
    let tell = |peer: Option<Extension<PeerAddress>>,
                id: Option<Extension<CurrentRequestId>>,
                headers: HeaderMap| async move {
        let peer = peer.map_or("nobody".to_owned(), |Extension(peer)| peer.0.to_string());
        let id = id.map(|Extension(id)| id.0.to_string()).unwrap();
        let has_more = headers.keys().any(|name| name.as_str().starts_with("prosopa-"));
        format!("{peer} {id} {has_more}")
    };
    let world = World::start_with(Router::new().route("/client", get(tell))).await;
    let told = async |door, address: &'static str| {
        let mut request = request("/client", &[]);
        let id = "req_01h455vb4pex5vsknk084sn02q";
        for (name, value) in [("prosopa-client-address", address), ("prosopa-request-id", id)] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let answer = call(connect(door), request).await;
        assert_eq!(answer.text().split(' ').nth(1), Some(answer.headers["x-request-id"].to_str().unwrap()));
        let is_believed = answer.headers["x-request-id"] == id;
        (answer.text().split(' ').next().unwrap().to_owned(), is_believed, answer.text().ends_with("true"))
    };
    let (named, other) = ("[2001:db8::7]:50000", "not an address");
    assert_eq!(told(world.internal, named).await, (named.to_owned(), true, false));
    assert_eq!(told(world.internal, other).await, ("nobody".to_owned(), true, false));
    let public = told(world.running.public, named).await;
    assert!(public.0.starts_with("127.0.0.1:"), "{public:?}");
    assert_eq!((public.1, public.2), (false, false));
}

/// Two services of one process do not take each other's tokens.
#[tokio::test]
async fn a_token_is_for_one_service_of_a_process() {
    let world = World::start().await;
    let who = anybody();
    let [ours, theirs] = ["detection", "other"].map(|audience| token(world.test(), &who, audience));
    let status = async |path, token: &str| {
        call(connect(world.internal), request(path, &[token.as_bytes()])).await.status
    };
    assert_eq!((status("/mine", &ours).await, status("/other", &theirs).await), (200, 200));
    assert_eq!((status("/mine", &theirs).await, status("/other", &ours).await), (401, 401));
}

/// What no service answers, a service's own fallback does not either; problems name their request.
#[tokio::test]
async fn unknown_paths_are_refused_in_the_words_of_the_protocol() {
    let world = World::start().await;
    let answer = call(connect(world.internal), request("/nowhere", &[])).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("not-found")));
    assert_eq!(answer.json()["request_id"].as_str().unwrap(), answer.headers["x-request-id"]);
    let answer = call(connect(world.internal), request("/prosopa.engine.v2.Engine/Nothing", &[])).await;
    assert_eq!((answer.status, answer.headers["grpc-status"].as_bytes()), (200, &b"12"[..]));
}

/// S3: the listener decides, not the header: a genuine token is worth nothing to a stranger.
#[tokio::test]
async fn the_public_listener_believes_no_token() {
    let world = World::start().await;
    let who = anybody();
    let genuine = token(world.test(), &who, "detection");
    let tokens: [&[&[u8]]; 3] =
        [&[genuine.as_bytes()], &[genuine.as_bytes(), genuine.as_bytes()], &[b"forged"]];
    for tokens in tokens {
        let answer = call(connect(world.running.public), request("/mine", tokens)).await;
        assert!(answer.is_unauthenticated());
        for path in ["/anybody", GUARDED[1]] {
            let answer = call(connect(world.running.public), request(path, tokens)).await;
            assert_eq!((answer.status, answer.account()), (200, None), "{path}");
            assert!(!answer.headers.contains_key("x-saw-token"), "{path}");
        }
    }
}

/// The operators' listener has nothing of the services, whoever asks.
#[tokio::test]
async fn the_admin_listener_serves_only_its_own() {
    let world = World::start().await;
    let genuine = token(world.test(), &anybody(), "detection");
    for path in ["/mine", "/anybody", GUARDED[1]] {
        let answer = call(connect(world.running.admin), request(path, &[genuine.as_bytes()])).await;
        assert_eq!((answer.status, answer.account()), (404, None), "{path}");
    }
    assert_eq!(call(connect(world.running.admin), request("/livez", &[])).await.text(), "alive\n");
    for address in [world.running.public, world.internal] {
        assert_ne!(call(connect(address), request("/livez", &[])).await.text(), "alive\n");
    }
}

/// N10: an orderly end answers what other processes have asked for, too.
#[tokio::test]
async fn internal_requests_in_hand_are_answered_before_the_end() {
    let (arrived, may_answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (arrived, may_answer) = (Arc::clone(&arrived), Arc::clone(&may_answer));
        move || async move {
            arrived.notify_one();
            may_answer.notified().await;
            "done"
        }
    };
    let world = World::start_with(Router::new().route("/slow", get(handler))).await;
    let asked = tokio::spawn(call(connect(world.internal), request("/slow", &[])));
    arrived.notified().await;
    world.running.platform.shutdown.cancel();
    while tokio::net::TcpStream::connect(world.internal).await.is_ok() {
        tokio::task::yield_now().await;
    }
    may_answer.notify_one();
    let answer = asked.await.unwrap();
    assert_eq!((answer.status, answer.text()), (200, "done"));
    world.running.host.await.unwrap().unwrap();
}
