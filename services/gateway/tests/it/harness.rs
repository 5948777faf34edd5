//! A gateway with a fake service, a fake verifier and clocks that stand still.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use prosopa_contract::{
    client_keys::{ClientKey, ClientKeys, ClientKeysError},
    verifier::{CookieError, CookieWish, PresentedCookie, Verified, Verifier, VerifyError},
};
use prosopa_gateway::{Config, GatewayService, MonotonicClock, Rate};
use prosopa_model::{AccountId, ApiKeyId, Clock, Credential, Principal, Timestamp};
use prosopa_runtime::{
    ClientCertificate, Host, ListenerOptions, Listeners, Listening, PeerAddress, Platform, RedisConfig,
    TaskEnded, Upstream,
};
use prosopa_testkit::{ManualClock, TestDatabases, TestHome, TestRedis, principal_of};
use prosopa_vault::Keyring;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::upstream::{Probe, things};

/// Tuesday, half of the day left, 21.5 days to the end of the month.
pub(crate) const NOON: &str = "2026-03-10T12:00:00Z";

/// Another clock that stands at the same time.
pub(crate) fn noon() -> ManualClock {
    ManualClock::at(NOON)
}

pub(crate) struct ManualMonotonicClock(AtomicU64);

impl ManualMonotonicClock {
    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(time.as_nanos().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl MonotonicClock for ManualMonotonicClock {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

/// Knows the credentials it was told; `expired` and `unavailable` are themselves.
#[derive(Default)]
pub(crate) struct FakeVerifier {
    principals: Mutex<HashMap<String, Principal>>,
    pub(crate) calls: AtomicUsize,
    /// Questions whether a caller may go on.
    watched: AtomicUsize,
    is_away: AtomicBool,
}

impl FakeVerifier {
    /// Whether it cannot be asked whether callers may go on.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// How often it was asked whether a caller may go on.
    pub(crate) fn watched(&self) -> usize {
        self.watched.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Verifier for FakeVerifier {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match credential.expose_secret() {
            "expired" => Err(VerifyError::Expired),
            "unavailable" => Err(VerifyError::Unavailable { detail: "the hsm is on fire".into() }),
            known => self.principals.lock().unwrap().get(known).cloned().ok_or(VerifyError::Invalid),
        }
    }

    /// A certificate's digest is the credential, filled up with zeros.
    async fn examine_certificate(&self, fingerprint: [u8; 32]) -> Result<Verified, VerifyError> {
        let name = String::from_utf8_lossy(&fingerprint).trim_end_matches('\0').to_owned();
        Ok(Verified { principal: self.verify(name.into()).await?, valid_until: None })
    }

    /// A cookie is a credential behind `cookie-`; its CSRF token is `csrf-` and the credential.
    async fn verify_cookie(&self, cookie: PresentedCookie) -> Result<Principal, CookieError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let known = cookie.secret.expose_secret().strip_prefix("cookie-").ok_or(CookieError::Invalid)?;
        if known == "unavailable" {
            return Err(CookieError::Unavailable { detail: "the hsm is on fire".into() });
        }
        let principal = self.principals.lock().unwrap().get(known).cloned().ok_or(CookieError::Invalid)?;
        match cookie.wish {
            CookieWish::Change { csrf_token } if csrf_token.expose_secret() != format!("csrf-{known}") => {
                Err(CookieError::Forged)
            }
            _ => Ok(principal),
        }
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError> {
        self.watched.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(VerifyError::Unavailable { detail: "the hsm is on fire".into() });
        }
        Ok(self.principals.lock().unwrap().values().any(|known| known.credential == principal.credential))
    }
}

/// Knows the keys it was told; `unavailable` is itself.
#[derive(Default)]
pub(crate) struct FakeKeys {
    keys: Mutex<HashMap<String, ClientKey>>,
    /// Access keys whose use was noted.
    pub(crate) uses: Mutex<Vec<String>>,
}

#[async_trait]
impl ClientKeys for FakeKeys {
    async fn find(&self, access_key: &str) -> Result<Option<ClientKey>, ClientKeysError> {
        if access_key == "unavailable" {
            return Err(ClientKeysError { detail: "the hsm is on fire".into() });
        }
        Ok(self.keys.lock().unwrap().get(access_key).cloned())
    }

    async fn note_use(&self, access_key: &str) {
        self.uses.lock().unwrap().push(access_key.to_owned());
    }
}

/// A principal with a session and every scope.
pub(crate) fn user() -> Principal {
    principal_of(AccountId::new())
}

/// The same caller with an API key of its own.
pub(crate) fn with_key(user: &Principal) -> Principal {
    Principal { credential: Credential::ApiKey(ApiKeyId::new()), ..user.clone() }
}

/// Limits that no test reaches by accident.
pub(crate) fn fast() -> Config {
    let rate = Rate { requests_per_second: 1_000_000, burst: 1_000_000 };
    Config { caller_rate: rate, address_rate: rate, failed_authentication_rate: rate, ..Config::default() }
}

pub(crate) struct Gateway {
    pub(crate) router: Router,
    pub(crate) address: SocketAddr,
    pub(crate) platform: Platform,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) monotonic: Arc<ManualMonotonicClock>,
    pub(crate) verifier: Arc<FakeVerifier>,
    pub(crate) keys: Arc<FakeKeys>,
    pub(crate) probe: Probe,
    host: JoinHandle<Result<(), TaskEnded>>,
    _home: Option<TestHome>,
}

impl Gateway {
    pub(crate) async fn start(config: Config) -> Self {
        let home = TestHome::new();
        let mut gateway = Self::start_in(home.path(), config).await;
        gateway._home = Some(home);
        gateway
    }

    pub(crate) async fn start_in(dir: &Path, config: Config) -> Self {
        Self::start_heard_in(dir, config, async |_| Vec::new()).await
    }

    /// Starts one that somebody listens to.
    pub(crate) async fn start_heard_in(
        dir: &Path,
        config: Config,
        listenings: impl AsyncFnOnce(&Platform) -> Vec<Listening>,
    ) -> Self {
        let probe = Probe::default();
        let nobody = RedisConfig::default();
        Self::start_with(dir, config, probe.clone(), vec![things(probe)], listenings, &nobody).await
    }

    /// Starts one that remembers in a Redis, at the time that it really is.
    pub(crate) async fn start_sharing(dir: &Path, config: Config, redis: &TestRedis) -> Self {
        let (probe, none) = (Probe::default(), async |_: &Platform| Vec::new());
        let redis = RedisConfig { url: Some(redis.url()), deadline_ms: 5_000, ..RedisConfig::default() };
        let services = vec![things(probe.clone())];
        let gateway = Self::start_with(dir, config, probe, services, none, &redis).await;
        gateway.clock.advance(Timestamp::now().since(gateway.clock.now()));
        gateway
    }

    /// Starts one in front of another service.
    pub(crate) async fn start_before(home: TestHome, config: Config, upstream: Upstream) -> Self {
        let none = async |_: &Platform| Vec::new();
        let (probe, nobody) = (Probe::default(), RedisConfig::default());
        let mut gateway = Self::start_with(home.path(), config, probe, vec![upstream], none, &nobody).await;
        gateway._home = Some(home);
        gateway
    }

    async fn start_with(
        dir: &Path,
        config: Config,
        probe: Probe,
        upstreams: Vec<Upstream>,
        listenings: impl AsyncFnOnce(&Platform) -> Vec<Listening>,
        redis: &RedisConfig,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let monotonic = Arc::new(ManualMonotonicClock(AtomicU64::new(0)));
        let (verifier, keys) = (Arc::new(FakeVerifier::default()), Arc::new(FakeKeys::default()));
        let keyring = Keyring::open_or_create(&dir.join("keyring.json")).unwrap();
        let platform = Platform::new(dir, keyring, Arc::clone(&clock) as Arc<dyn Clock>);
        let platform = platform.with_databases(TestDatabases::locations_of(dir));
        let mut platform = platform.with_redis(redis).await.unwrap();
        platform.peers.verifier = Some(Arc::clone(&verifier) as Arc<dyn Verifier>);
        platform.peers.client_keys = Some(Arc::clone(&keys) as Arc<dyn ClientKeys>);
        platform.peers.upstreams = upstreams;
        let time = Arc::clone(&monotonic) as Arc<dyn MonotonicClock>;
        let mut parts = GatewayService::build_with(config, &platform, time).await.unwrap();
        parts.listens = listenings(&platform).await;
        let mut host = Host::new(platform.clone());
        let ((), router) = host.adopt(parts);
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any_port, any_port).await.unwrap();
        let address = listeners.public_address().unwrap();
        let host = tokio::spawn(host.run(listeners, router.clone(), ListenerOptions::default()));
        Self { router, address, platform, clock, monotonic, verifier, keys, probe, host, _home: None }
    }

    /// Makes `credential` stand for `principal`.
    pub(crate) fn know(&self, credential: &str, principal: &Principal) {
        self.verifier.principals.lock().unwrap().insert(credential.into(), principal.clone());
    }

    /// Makes `credential` stand for nobody.
    pub(crate) fn forget(&self, credential: &str) {
        self.verifier.principals.lock().unwrap().remove(credential);
    }

    /// Makes `access_key` name `key`.
    pub(crate) fn know_key(&self, access_key: &str, key: ClientKey) {
        self.keys.keys.lock().unwrap().insert(access_key.into(), key);
    }

    /// Ends everything at once, as a crash would: nothing is drained.
    pub(crate) async fn crash(self) {
        self.host.abort();
        let _ = self.host.await;
    }

    /// Drains and ends.
    pub(crate) async fn stop(self) {
        self.platform.shutdown.cancel();
        self.host.await.unwrap().unwrap();
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        let response = self.router.clone().oneshot(call.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
    }

    /// Spends one metered request.
    pub(crate) async fn spend(&self, credential: &str) -> Answer {
        self.send(Call::post("/api/v1/things").bearer(credential)).await
    }

    /// Requests of the day and of the month that are spent, as a service sees them.
    pub(crate) async fn used(&self, credential: &str) -> (u64, u64) {
        let answer = self.send(Call::get("/api/v1/things").bearer(credential)).await;
        assert_eq!(answer.status, StatusCode::OK);
        let windows = &answer.json()["quota"]["windows"];
        (windows[0]["used"].as_u64().unwrap(), windows[1]["used"].as_u64().unwrap())
    }

    /// Waits until so many requests of the day are spent.
    pub(crate) async fn until_used(&self, credential: &str, count: u64) {
        let is_so = async { while self.used(credential).await.0 != count {} };
        tokio::time::timeout(Duration::from_secs(10), is_so).await.expect("the ledger goes on");
    }
}

/// A request in the making.
pub(crate) struct Call {
    pub(crate) request: Request<Body>,
}

impl Call {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Self { request }.via("192.0.2.1")
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    /// Over a connection whose client has shown a certificate.
    pub(crate) fn certified(mut self, name: &str) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint[..name.len()].copy_from_slice(name.as_bytes());
        self.request.extensions_mut().insert(ClientCertificate { fingerprint });
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) fn via(mut self, address: &str) -> Self {
        let address = SocketAddr::new(address.parse().unwrap(), 50_000);
        self.request.extensions_mut().insert(PeerAddress(address));
        self
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("(absent)", |value| value.to_str().unwrap())
    }

    /// Checks that this is a problem document with its code, status and request id; gives the document.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document = self.json();
        assert_eq!(document["code"], code);
        assert_eq!(document["status"], status);
        assert_eq!(document["request_id"], self.header("x-request-id"));
        document
    }
}
