//! A built service in a temporary folder, under a clock that the test moves.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use prosopa_auth::{AuthService, Config, NewAdministrator};
use prosopa_contract::{
    accounts::Accounts,
    client_keys::ClientKeys,
    credential_changes::CredentialChanges,
    verifier::{CookieError, CookieWish, PresentedCookie, Verified, Verifier, VerifyError},
};
use prosopa_model::{Clock, Principal};
use prosopa_runtime::{Host, ListenerOptions, Listeners, Parts, Platform, RedisConfig, Service};
use prosopa_store::{Backend, Database, affected, on_db, query, query_scalar};
use prosopa_testkit::{ManualClock, TestHome, TestRedis};

use crate::mailbox::Mailbox;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct App {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) platform: Platform,
    pub(crate) new_administrator: Option<NewAdministrator>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) client_keys: Arc<dyn ClientKeys>,
    pub(crate) changes: Arc<dyn CredentialChanges>,
    /// Takes the mail.
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) verifier: Arc<dyn Verifier>,
    router: Router,
    /// Does its jobs, until it is told to stop; none in one that is idle.
    worker: Option<(CancellationToken, JoinHandle<Result<(), prosopa_jobs::Error>>)>,
    /// The service's tasks, which run in [`Self::stop`] only.
    host: Host,
    folder: Arc<TestHome>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    /// The problem's code, after checking that its status fits.
    pub(crate) fn problem(&self) -> &str {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.json);
        assert_eq!(self.json["status"], self.status.as_u16());
        self.json["code"].as_str().unwrap()
    }

    /// The pointer of the first unacceptable value.
    pub(crate) fn pointer(&self) -> &str {
        assert_eq!(self.problem(), "validation-failed");
        self.json["errors"][0]["pointer"].as_str().unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.json[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.json)).to_owned()
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let clock = ManualClock::at("2026-01-02T03:04:05.5Z");
        Self::build(config, Arc::new(TestHome::new()), Arc::new(clock)).await
    }

    /// One that does no jobs.
    pub(crate) async fn start_idle() -> Self {
        Self::start().await.idle().await
    }

    /// The same process, which does no jobs any more.
    pub(crate) async fn idle(mut self) -> Self {
        let (stop_worker, worker) = self.worker.take().unwrap();
        stop_worker.cancel();
        worker.await.unwrap().unwrap();
        self
    }

    /// One that counts attempts in a Redis.
    pub(crate) async fn start_sharing(config: Config, redis: &TestRedis) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-02T03:04:05.5Z"));
        Self::build_sharing(config, Arc::new(TestHome::new()), clock, Some(redis)).await
    }

    /// Another process over the same folder that counts attempts in a Redis.
    pub(crate) async fn twin_sharing(&self, config: Config, redis: &TestRedis) -> Self {
        let clock = Arc::new(ManualClock::at(&self.clock.now().to_string()));
        Self::build_sharing(config, Arc::clone(&self.folder), clock, Some(redis)).await
    }

    /// With databases in files, for tests about those files.
    pub(crate) async fn start_on_files() -> Self {
        let clock = ManualClock::at("2026-01-02T03:04:05.5Z");
        Self::build(Config::default(), Arc::new(TestHome::of_files()), Arc::new(clock)).await
    }

    /// Another process over the same folder.
    pub(crate) async fn twin(&self, config: Config) -> Self {
        let clock = ManualClock::at(&self.clock.now().to_string());
        Self::build(config, Arc::clone(&self.folder), Arc::new(clock)).await
    }

    /// The next process over the folder of one that was stopped.
    pub(crate) async fn reopen(folder: Arc<TestHome>, clock: Arc<ManualClock>) -> Self {
        Self::build(Config::default(), folder, clock).await
    }

    async fn build(config: Config, folder: Arc<TestHome>, clock: Arc<ManualClock>) -> Self {
        Self::build_sharing(config, folder, clock, None).await
    }

    async fn build_sharing(
        config: Config,
        folder: Arc<TestHome>,
        clock: Arc<ManualClock>,
        redis: Option<&TestRedis>,
    ) -> Self {
        let redis =
            RedisConfig { url: redis.map(TestRedis::url), deadline_ms: 5_000, ..RedisConfig::default() };
        let platform = folder.platform(Arc::clone(&clock) as Arc<dyn Clock>);
        let mut platform = platform.with_redis(&redis).await.unwrap();
        let mailbox = Arc::new(Mailbox::new());
        platform.peers.mailer = Some(Arc::<Mailbox>::clone(&mailbox));
        let mut parts = AuthService::build(config, &platform).await.unwrap();
        let Parts { ref offer, .. } = parts;
        // Registrations are done as soon as they are made, by a worker that ends with the process.
        let (_, worker) = parts.jobs.pop().unwrap();
        let stop_worker = CancellationToken::new();
        let stopped = stop_worker.clone();
        let worker = tokio::spawn(async move { worker.run(stopped).await });
        let (verifier, new_administrator) = (Arc::clone(&offer.verifier), offer.new_administrator.clone());
        let accounts = Arc::clone(&offer.accounts);
        let client_keys = Arc::clone(&offer.client_keys);
        let changes = Arc::clone(&offer.credential_changes);
        let mut host = Host::new(platform.clone());
        let (_, router) = host.adopt(parts);
        let worker = Some((stop_worker, worker));
        Self {
            clock,
            platform,
            new_administrator,
            accounts,
            client_keys,
            changes,
            mailbox,
            verifier,
            router,
            worker,
            host,
            folder,
        }
    }

    /// Ends the process in order, its tasks too, and starts the next one.
    pub(crate) async fn restart(self, config: Config) -> Self {
        let (folder, clock) = (Arc::clone(&self.folder), Arc::clone(&self.clock));
        self.stop().await;
        Self::build(config, folder, clock).await
    }

    /// Runs the tasks once and ends in order; gives the folder.
    pub(crate) async fn stop(self) -> Arc<TestHome> {
        if let Some((stop_worker, worker)) = self.worker {
            stop_worker.cancel();
            worker.await.unwrap().unwrap();
        }
        let loopback = "127.0.0.1:0".parse().unwrap();
        let listeners = Listeners::bind(loopback, loopback).await.unwrap();
        self.platform.shutdown.cancel();
        self.host.run(listeners, Router::new(), ListenerOptions::default()).await.unwrap();
        self.folder
    }

    pub(crate) fn home(&self) -> &TestHome {
        &self.folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Verifies a credential like the gateway.
    pub(crate) async fn verify(&self, credential: &str) -> Result<Principal, VerifyError> {
        self.verifier.verify(SecretString::from(credential)).await
    }

    /// [`Self::verify`], with the time until which it holds.
    pub(crate) async fn examine(&self, credential: &str) -> Result<Verified, VerifyError> {
        self.verifier.examine(SecretString::from(credential)).await
    }

    /// Signs the administrator of a new installation in; gives the access token.
    pub(crate) async fn access_token_of_administrator(&self) -> String {
        let password = self.new_administrator.as_ref().unwrap().password.expose_secret().to_owned();
        let login = json!({ "user_name": "administrator", "password": password });
        self.post("/api/v1/auth/login", login).await.text("access_token")
    }

    /// Verifies a session cookie like the gateway; with a CSRF token, for a change.
    pub(crate) async fn verify_cookie(
        &self,
        secret: &str,
        csrf_token: Option<&str>,
    ) -> Result<Principal, CookieError> {
        let change = |token: &str| CookieWish::Change { csrf_token: token.into() };
        let wish = csrf_token.map_or(CookieWish::Read, change);
        self.verifier.verify_cookie(PresentedCookie { secret: secret.into(), wish }).await
    }

    /// Sends a request; with a credential it carries the principal, as the gateway would have it.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        credential: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let principal = match credential {
            Some(credential) => Some(self.verify(credential).await.unwrap()),
            None => None,
        };
        self.call_as(method, path, principal, body).await
    }

    pub(crate) async fn call_as(
        &self,
        method: Method,
        path: &str,
        principal: Option<Principal>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(principal) = principal {
            request = request.extension(principal);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Asks with the secret of the very resource.
    pub(crate) async fn ask(&self, method: Method, path: &str, secret: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(secret) = secret {
            request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, json }
    }

    pub(crate) async fn get(&self, path: &str, credential: &str) -> Answer {
        self.call(Method::GET, path, Some(credential), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, None, Some(body)).await
    }

    /// Registers `name` with [`PASSWORD`].
    pub(crate) async fn register(&self, name: &str) -> Answer {
        let body = json!({ "user_name": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        self.post("/api/v1/auth/register", body).await
    }

    pub(crate) async fn log_in(&self, name: &str) -> Answer {
        self.post("/api/v1/auth/login", json!({ "user_name": name, "password": PASSWORD })).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", json!({ "refresh_token": refresh_token })).await
    }

    /// Registers and logs in; gives the access token.
    pub(crate) async fn access_token_of(&self, name: &str) -> String {
        assert_eq!(self.register(name).await.status, StatusCode::CREATED);
        self.log_in(name).await.text("access_token")
    }

    pub(crate) async fn create_key(&self, credential: &str, body: Value) -> Answer {
        self.call(Method::POST, "/api/v1/auth/api-keys", Some(credential), Some(body)).await
    }

    /// Waits until a line of the metrics has at least this value: what a job does comes to its end by itself.
    pub(crate) async fn reach(&self, name_and_labels: &str, value: u64) {
        let reached = async {
            while self.metric(name_and_labels) < value {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), reached).await;
        assert!(in_time.is_ok(), "{name_and_labels} never reached {value}");
    }

    /// The value of one line of the metrics, 0 if there is none.
    pub(crate) fn metric(&self, name_and_labels: &str) -> u64 {
        let text = self.platform.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name_and_labels));
        line.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// Counts rows, of what no operation shows.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let options = self.platform.database_options(AuthService::NAME).unwrap();
        let database = Database::open(&options, AuthService::MIGRATIONS).await.unwrap();
        let mut connection = database.read().await.unwrap();
        let count = on_db!(connection, c => query_scalar::<_, i64>(sql).fetch_one(c).await).unwrap();
        drop(connection);
        database.close().await;
        count
    }

    /// Reads one value, of what no operation shows.
    pub(crate) async fn bytes(&self, sql: &'static str) -> Vec<u8> {
        let options = self.platform.database_options(AuthService::NAME).unwrap();
        let database = Database::open(&options, AuthService::MIGRATIONS).await.unwrap();
        let mut connection = database.read().await.unwrap();
        let value = on_db!(connection, c => query_scalar::<_, Vec<u8>>(sql).fetch_one(c).await).unwrap();
        drop(connection);
        database.close().await;
        value
    }

    /// Does to the database what no operation does yet.
    pub(crate) async fn execute(&self, sql: &'static str) {
        self.execute_on(sql, sql).await;
    }

    /// The same, said to either backend.
    pub(crate) async fn execute_on(&self, sqlite: &'static str, postgres: &'static str) {
        let options = self.platform.database_options(AuthService::NAME).unwrap();
        let database = Database::open(&options, AuthService::MIGRATIONS).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let sql = if tx.backend() == Backend::Sqlite { sqlite } else { postgres };
        on_db!(tx, c => query(sql).execute(c).await.map(affected)).unwrap();
        tx.commit().await.unwrap();
        database.close().await;
    }
}
