//! A gateway in a process of its own, which asks over gRPC and keeps the answers while it hears of changes.

mod clients;
mod proxy;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{service::Routes, transport::Channel};

use prosopa_auth::{AuthService, Config};
use prosopa_contract::{
    client_keys::serve_client_keys,
    credential_changes::{CredentialChangesClient, serve_credential_changes},
    verifier::{
        CookieError, CookieWish, PresentedCookie, Verifier, VerifierClient, VerifyError, serve_verifier,
    },
};
use prosopa_model::{Principal, Timestamp};
use prosopa_runtime::{
    CachingVerifier, Host, InternalListener, InternalRoutes, ListenerOptions, Listeners, PrincipalConfig,
    Service, TaskEnded,
};
use prosopa_telemetry::Metrics;
use prosopa_testkit::{keep_log, take_log};

use self::proxy::Proxy;
use crate::{
    browser_sessions::{secret_of, sign_in},
    support::App,
};

/// What has ended is refused everywhere by then.
const REVOCATION_MAX: Duration = Duration::from_secs(1);

/// A process of the service that is asked over its internal listener.
struct Server {
    app: App,
    address: SocketAddr,
    host: JoinHandle<Result<(), TaskEnded>>,
}

impl Server {
    async fn start(app: App, address: SocketAddr) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = InternalListener::bind(address).await.unwrap();
        let address = listener.address().unwrap();
        let platform = app.platform.clone();
        let routes = Routes::new(serve_verifier(Arc::clone(&app.verifier)))
            .add_service(serve_client_keys(Arc::clone(&app.client_keys)))
            .add_service(serve_credential_changes(Arc::clone(&app.changes), platform.shutdown.clone()))
            .into_axum_router();
        let verifier = platform.principal_verifier(&PrincipalConfig::default()).unwrap();
        let routes = InternalRoutes::new(verifier, Arc::clone(&platform.clock))
            .with_service(AuthService::NAME, routes);
        let mut host = Host::new(platform);
        host.serve_internal(listener, routes);
        let listeners = Listeners::bind(any, any).await.unwrap();
        let host = tokio::spawn(host.run(listeners, Router::new(), ListenerOptions::default()));
        Self { app, address, host }
    }

    /// Ends in order, without waiting for those who watch.
    async fn stop(self) {
        self.app.platform.shutdown.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(10), self.host).await;
        ended.expect("it waits for nobody").unwrap().unwrap();
    }

    /// How many keys it was asked about and accepted.
    fn accepted_keys(&self) -> u64 {
        self.app.metric("prosopa_auth_verifications_total{credential=\"api_key\",outcome=\"accepted\"} ")
    }
}

/// A gateway's side.
struct Gateway {
    verifier: CachingVerifier,
    metrics: Metrics,
    _follower: DropGuard,
}

impl Gateway {
    /// One that asks directly, and hears of changes by way of `watched`.
    fn start(server: &Server, watched: SocketAddr) -> Self {
        let connect = |address| Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        let metrics = Metrics::new();
        let verifier = CachingVerifier::new(
            Arc::new(VerifierClient::new(connect(server.address))),
            Arc::new(CredentialChangesClient::new(connect(watched))),
            Arc::clone(&server.app.platform.clock),
            &metrics,
        )
        .unwrap();
        let stop = CancellationToken::new();
        let (follower, stopped) = (verifier.clone(), stop.clone());
        tokio::spawn(async move { follower.follow(stopped).await });
        Self { verifier, metrics, _follower: stop.drop_guard() }
    }

    async fn verify(&self, credential: &str) -> Result<Principal, VerifyError> {
        self.verifier.verify(SecretString::from(credential)).await
    }

    fn counted(&self, outcome: &str) -> u64 {
        let name = format!("prosopa_cached_verifications_total{{outcome=\"{outcome}\"}} ");
        let text = self.metrics.render();
        text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
    }

    /// Verifies until the answer is a kept one.
    async fn warm_up(&self, credential: &str) {
        let before = self.counted("kept");
        within(Duration::from_secs(30), async || {
            self.verify(credential).await.unwrap();
            self.counted("kept") > before
        })
        .await;
    }

    /// Asks again and again until a credential is refused; how long that took.
    async fn until_refused(&self, credential: &str) -> Duration {
        let start = Instant::now();
        within(Duration::from_secs(30), async || match self.verify(credential).await {
            Ok(_) => false,
            Err(error) => {
                assert_eq!(error, VerifyError::Invalid);
                true
            }
        })
        .await;
        start.elapsed()
    }
}

/// Tries until it holds.
async fn within(limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let tried = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(limit, tried).await.is_ok(), "it never came to hold");
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A process where things are changed, another that is asked, and what a user of it has: tokens and a key.
struct World {
    app: App,
    server: Server,
    administrator: String,
    access_token: String,
    refresh_token: String,
    key: String,
    key_id: String,
}

impl World {
    async fn start() -> Self {
        let app = App::start().await;
        let server = Server::start(app.twin(Config::default()).await, any_port()).await;
        let administrator = app.access_token_of_administrator().await;
        app.register("ada").await;
        let tokens = app.log_in("ada").await;
        let (access_token, refresh_token) = (tokens.text("access_token"), tokens.text("refresh_token"));
        let key = app.create_key(&access_token, json!({ "name": "k" })).await;
        let (key, key_id) = (key.text("key"), key.text("id"));
        Self { app, server, administrator, access_token, refresh_token, key, key_id }
    }

    async fn set_status(&self, status: &str) {
        let id = self.app.verify(&self.administrator).await.unwrap();
        let listed = self.app.call_as(Method::GET, "/api/v1/users?q=ada", Some(id), None).await;
        let path = format!("/api/v1/users/{}", listed.json["items"][0]["id"].as_str().unwrap());
        let body = json!({ "status": status });
        let changed = self.app.call(Method::PATCH, &path, Some(&self.administrator), Some(body)).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
    }
}

/// N10: principals, ends and errors are the same over the network.
#[tokio::test]
async fn answers_are_the_same_over_the_wire() {
    let world = World::start().await;
    let channel = Channel::from_shared(format!("http://{}", world.server.address)).unwrap().connect_lazy();
    let remote = VerifierClient::new(channel);
    let flipped = format!("{}0", &world.key[..world.key.len() - 1]);
    let long = "x".repeat(100_000);
    for credential in [&world.access_token, &world.key, &world.administrator, &flipped, "", &long, "a.b.c"] {
        let there = remote.examine(SecretString::from(credential)).await;
        assert_eq!(there, world.app.examine(credential).await);
    }
    let ends_at = remote.examine(SecretString::from(world.key.as_str())).await.unwrap().valid_until;
    assert_eq!(ends_at, Some(Timestamp::MAX));
    world.server.app.clock.advance(Duration::from_secs(3_600));
    let late = remote.verify(SecretString::from(world.access_token.as_str())).await;
    assert_eq!(late, Err(VerifyError::Expired));
    world.server.stop().await;
    let lost = remote.verify(SecretString::from(world.key.as_str())).await;
    assert!(matches!(lost, Err(VerifyError::Unavailable { .. })), "{lost:?}");
}

/// R8: a gateway elsewhere asks about every use of a cookie, and is told the same as one here.
#[tokio::test]
async fn cookies_are_verified_over_the_wire() {
    let world = World::start().await;
    let gateway = Gateway::start(&world.server, world.server.address);
    gateway.warm_up(&world.key).await;
    let session = sign_in(&world.app, "ada").await;
    let (secret, csrf_token) = (secret_of(&session), session.text("csrf_token"));
    let ask = async |secret: &str, csrf_token: Option<&str>| {
        let change = |token: &str| CookieWish::Change { csrf_token: token.into() };
        let wish = csrf_token.map_or(CookieWish::Read, change);
        gateway.verifier.verify_cookie(PresentedCookie { secret: secret.into(), wish }).await
    };
    for token in [None, Some(csrf_token.as_str()), Some("forged"), Some("")] {
        assert_eq!(ask(&secret, token).await, world.app.verify_cookie(&secret, token).await, "{token:?}");
    }
    assert!(ask(&secret, None).await.is_ok() && ask(&secret, Some(&csrf_token)).await.is_ok());
    assert_eq!(ask(&secret, Some("forged")).await, Err(CookieError::Forged));
    assert_eq!(ask(&secret[1..], None).await, Err(CookieError::Invalid));
    world.set_status("deactivated").await;
    assert_eq!(ask(&secret, None).await, Err(CookieError::Invalid), "at once");
    world.server.stop().await;
    assert!(matches!(ask(&secret, None).await, Err(CookieError::Unavailable { .. })));
}

/// R6: a gateway elsewhere hears at once that a caller may not go on, whatever it keeps; lost, the answer is no yes.
#[tokio::test]
async fn whether_a_caller_may_go_on_is_asked_every_time() {
    let world = World::start().await;
    let gateway = Gateway::start(&world.server, world.server.address);
    gateway.warm_up(&world.key).await;
    let keyed = gateway.verify(&world.key).await.unwrap();
    let session = gateway.verify(&world.access_token).await.unwrap();
    assert_eq!(gateway.verifier.still_holds(&session).await, Ok(true));
    world.app.post("/api/v1/auth/logout", json!({ "refresh_token": world.refresh_token })).await;
    assert_eq!(gateway.verifier.still_holds(&session).await, Ok(false));
    assert_eq!(gateway.verifier.still_holds(&keyed).await, Ok(true));
    world.set_status("deactivated").await;
    assert_eq!(gateway.verifier.still_holds(&keyed).await, Ok(false));
    world.server.stop().await;
    let lost = gateway.verifier.still_holds(&keyed).await;
    assert!(matches!(lost, Err(VerifyError::Unavailable { .. })), "{lost:?}");
}

/// R6, F2, F3: what is ended in one process is refused by a gateway of another one within a second, though it was kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_elsewhere_is_refused_within_a_second() {
    let world = World::start().await;
    let gateway = Gateway::start(&world.server, world.server.address);
    let refused_in_time = async |credential: &str| {
        let taken = gateway.until_refused(credential).await;
        assert!(taken < REVOCATION_MAX, "{taken:?}");
    };
    gateway.warm_up(&world.access_token).await;
    let logout = json!({ "refresh_token": world.refresh_token });
    world.app.post("/api/v1/auth/logout", logout).await;
    refused_in_time(&world.access_token).await;

    gateway.warm_up(&world.key).await;
    world.set_status("deactivated").await;
    refused_in_time(&world.key).await;
    world.set_status("active").await;
    assert!(gateway.verify(&world.key).await.is_ok(), "refusals are not kept");

    gateway.warm_up(&world.key).await;
    let path = format!("/api/v1/auth/api-keys/{}", world.key_id);
    let token = world.app.log_in("ada").await.text("access_token");
    assert_eq!(
        world.app.call(Method::DELETE, &path, Some(&token), None).await.status,
        StatusCode::NO_CONTENT
    );
    refused_in_time(&world.key).await;
}

/// R6: a watch that is cut off without a word makes nothing that was kept good for longer; when it is mended, answers are
/// kept again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_watch_every_request_is_asked_for() {
    let world = World::start().await;
    let proxy = Proxy::start(world.server.address).await;
    let gateway = Gateway::start(&world.server, proxy.address);
    for cut in [Proxy::stall, Proxy::cut] {
        gateway.warm_up(&world.key).await;
        cut(&proxy);
        let cut_at = Instant::now();
        let unwatched = gateway.counted("unwatched");
        within(Duration::from_secs(5), async || {
            gateway.verify(&world.key).await.unwrap();
            gateway.counted("unwatched") > unwatched
        })
        .await;
        assert!(cut_at.elapsed() < REVOCATION_MAX, "{:?}", cut_at.elapsed());
        let (kept, accepted) = (gateway.counted("kept"), world.server.accepted_keys());
        for _ in 0..20 {
            gateway.verify(&world.key).await.unwrap();
        }
        assert_eq!((gateway.counted("kept"), world.server.accepted_keys()), (kept, accepted + 20));
        world.set_status("deactivated").await;
        assert_eq!(gateway.verify(&world.key).await, Err(VerifyError::Invalid), "at once");
        world.set_status("active").await;
        proxy.mend();
    }
    gateway.warm_up(&world.key).await;
    world.set_status("deactivated").await;
    assert!(gateway.until_refused(&world.key).await < REVOCATION_MAX);
}

/// N10: the service may be replaced: nothing is accepted that it does not answer for, and then all goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_service_is_heard_again() {
    let world = World::start().await;
    let gateway = Gateway::start(&world.server, world.server.address);
    gateway.warm_up(&world.key).await;
    let address = world.server.address;
    world.server.stop().await;
    let stopped_at = Instant::now();
    within(Duration::from_secs(5), async || {
        matches!(gateway.verify(&world.key).await, Err(VerifyError::Unavailable { .. }))
    })
    .await;
    assert!(stopped_at.elapsed() < REVOCATION_MAX, "{:?}", stopped_at.elapsed());
    let next = world.app.twin(Config::default()).await;
    // Ended while nobody listened.
    let path = format!("/api/v1/auth/api-keys/{}", world.key_id);
    world.app.call(Method::DELETE, &path, Some(&world.access_token), None).await;
    let next = Server::start(next, address).await;
    within(Duration::from_secs(30), async || gateway.verify(&world.access_token).await.is_ok()).await;
    assert_eq!(gateway.verify(&world.key).await, Err(VerifyError::Invalid));
    gateway.warm_up(&world.access_token).await;
    next.stop().await;
}

/// S3: a credential is in no log and no error on its way, at whatever level.
#[tokio::test]
async fn credentials_are_not_logged_on_their_way() {
    let world = World::start().await;
    keep_log();
    let gateway = Gateway::start(&world.server, world.server.address);
    gateway.warm_up(&world.key).await;
    gateway.warm_up(&world.access_token).await;
    let forged = format!("{}0", &world.key[..world.key.len() - 1]);
    let refused = gateway.verify(&forged).await;
    world.server.stop().await;
    let lost = gateway.verify(&forged).await;
    let shown = format!("{refused:?} {lost:?} {}", take_log());
    assert!(shown.contains("/prosopa.auth.v1") || shown.contains("h2::"), "the transport's log is among it");
    for secret in [&world.key[10..], &world.access_token[20..], &forged[10..]] {
        assert!(!shown.contains(secret) && !shown.contains(&secret[..30]), "{secret} is shown");
    }
}
