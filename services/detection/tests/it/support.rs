//! The service over a throw-away platform.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, body::Body};
use http::{Method, Request};

use prosopa_contract::engine::{AnalyzeFacesRequest, AnalyzeFacesResponse, EngineError, ImageFormat};
use prosopa_detection::{Config, DetectionService};
use prosopa_model::{AccountId, ImageId};
use prosopa_runtime::{Host, ListenerOptions, Listeners, Parts, Service};
use prosopa_testkit::{
    ManualClock, Received, ScriptedAccounts, ScriptedEngine, TestHome, TestPlatform, analysis_of,
    principal_of, send,
};
use prosopa_vault::{BlobError, S3Config};

pub(crate) struct Detection {
    pub(crate) test: TestPlatform,
    pub(crate) accounts: Arc<ScriptedAccounts>,
    /// What a host would adopt.
    pub(crate) parts: Option<Parts<()>>,
    router: Router,
}

impl Detection {
    /// Every picture is a JPEG with one face.
    pub(crate) async fn start() -> Self {
        Self::with(|_| Ok(analysis_of(ImageFormat::Jpeg, 1))).await
    }

    /// The same, in files, whatever the run was given: for tests that break the folder.
    pub(crate) async fn start_in_files() -> Self {
        Self::with_home(TestHome::of_files(), |_| Ok(analysis_of(ImageFormat::Jpeg, 1))).await
    }

    pub(crate) async fn with(
        script: impl Fn(AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> + Send + Sync + 'static,
    ) -> Self {
        Self::with_home(TestHome::new(), script).await
    }

    /// The same, with its pictures in this bucket.
    pub(crate) async fn start_in_bucket(config: S3Config) -> Self {
        Self::with_home(TestHome::in_bucket(config), |_| Ok(analysis_of(ImageFormat::Jpeg, 1))).await
    }

    /// The same with an engine that reads documents too.
    pub(crate) async fn with_engine(engine: ScriptedEngine) -> Self {
        Self::of(TestHome::new(), engine).await
    }

    async fn with_home(
        home: TestHome,
        script: impl Fn(AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> + Send + Sync + 'static,
    ) -> Self {
        Self::of(home, ScriptedEngine::new(script)).await
    }

    /// The same as at first, with another configuration.
    pub(crate) async fn with_config(config: Config) -> Self {
        let engine = ScriptedEngine::new(|_| Ok(analysis_of(ImageFormat::Jpeg, 1)));
        Self::build(TestHome::new(), engine, config).await
    }

    async fn of(home: TestHome, engine: ScriptedEngine) -> Self {
        Self::build(home, engine, Config::default()).await
    }

    async fn build(home: TestHome, engine: ScriptedEngine, config: Config) -> Self {
        let mut test = TestPlatform::of(home);
        test.platform.peers.engine = Some(Arc::new(engine));
        let accounts = Arc::<ScriptedAccounts>::default();
        test.platform.peers.accounts = Some(Arc::<ScriptedAccounts>::clone(&accounts));
        let parts = DetectionService::build(config, &test.platform).await.unwrap();
        Self { test, accounts, router: parts.http.clone(), parts: Some(parts) }
    }

    /// Does every job that is due.
    pub(crate) async fn work(&self) -> usize {
        self.parts.as_ref().unwrap().jobs[0].1.run_pending().await.unwrap()
    }

    /// Lets another process sweep, one that does no jobs, until a picture of nobody is gone.
    pub(crate) async fn sweep(&self) {
        self.sweep_until(async || true).await;
    }

    /// The same, and until `is_done`: the process stops sweeping where it is.
    pub(crate) async fn sweep_until(&self, is_done: impl AsyncFn() -> bool) {
        let blobs = self.test.platform.blobs("detection");
        let orphan = ImageId::new().to_string();
        blobs.put(&orphan, b"a picture of nobody".to_vec()).await.unwrap();
        let is_gone = async || matches!(blobs.get(&orphan).await, Err(BlobError::Missing(_)));
        self.run_until(async || is_gone().await && is_done().await).await;
    }

    /// Lets another process run, one that does no jobs, until `is_done`.
    pub(crate) async fn run_until(&self, is_done: impl AsyncFn() -> bool) {
        let clock: Arc<ManualClock> = Arc::clone(&self.test.clock);
        let mut platform = self.test.home.platform(clock);
        platform.peers = self.test.platform.peers.clone();
        let mut parts = DetectionService::build(Config::default(), &platform).await.unwrap();
        parts.jobs.clear();
        let mut host = Host::new(platform.clone());
        let ((), router) = host.adopt(parts);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any, any).await.unwrap();
        let host = tokio::spawn(async move { host.run(listeners, router, ListenerOptions::default()).await });
        while !is_done().await {
            tokio::task::yield_now().await;
        }
        platform.shutdown.cancel();
        host.await.unwrap().unwrap();
    }

    /// Sends a picture without waiting for its faces.
    pub(crate) async fn submit(&self, account: AccountId) -> Received {
        let request = Request::post("/api/v1/faces/detections").header("content-type", "image/jpeg");
        let request = request.header("prefer", "respond-async").body("a picture".into()).unwrap();
        self.call(account, request).await
    }

    /// Sends a picture without waiting, and gives back the job's address.
    pub(crate) async fn enqueue(&self, account: AccountId) -> String {
        let received = self.submit(account).await;
        assert_eq!(received.status, 202);
        received.headers["location"].to_str().unwrap().to_owned()
    }

    pub(crate) async fn call(&self, account: AccountId, mut request: Request<Body>) -> Received {
        request.extensions_mut().insert(principal_of(account));
        send(&self.router, request).await
    }

    pub(crate) async fn get(&self, account: AccountId, path: &str) -> Received {
        self.call(account, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, account: AccountId, path: &str) -> Received {
        self.call(account, Request::delete(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, account: AccountId, media_type: &str, body: impl Into<Body>) -> Received {
        let request = Request::builder().method(Method::POST).uri("/api/v1/faces/detections");
        let request = request.header("content-type", media_type).body(body.into()).unwrap();
        self.call(account, request).await
    }

    /// Sends a picture to be kept, with these fields beside it.
    pub(crate) async fn upload(
        &self,
        account: AccountId,
        fields: &[(&str, &str)],
        picture: &[u8],
    ) -> Received {
        self.upload_keyed(account, None, fields, picture).await
    }

    /// The same with a key, so that it may be sent again.
    pub(crate) async fn upload_keyed(
        &self,
        account: AccountId,
        key: Option<&str>,
        fields: &[(&str, &str)],
        picture: &[u8],
    ) -> Received {
        let mut form = Vec::new();
        let head = "--B\r\nContent-Disposition: form-data; name=";
        for (name, text) in fields {
            form.extend_from_slice(format!("{head}\"{name}\"\r\n\r\n{text}\r\n").as_bytes());
        }
        form.extend_from_slice(format!("{head}\"image\"; filename=\"f\"\r\n\r\n").as_bytes());
        form.extend_from_slice(picture);
        form.extend_from_slice(b"\r\n--B--\r\n");
        let mut request =
            Request::post("/api/v1/images").header("content-type", "multipart/form-data; boundary=B");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.call(account, request.body(form.into()).unwrap()).await
    }

    /// Keeps a picture and gives back its id.
    pub(crate) async fn keep(&self, account: AccountId, fields: &[(&str, &str)], picture: &[u8]) -> String {
        let received = self.upload(account, fields, picture).await;
        assert_eq!(received.status, 201, "{}", received.json());
        received.json()["id"].as_str().unwrap().to_owned()
    }

    /// Has a picture that is kept looked at.
    pub(crate) async fn detect_in(&self, account: AccountId, image_id: &str) -> Received {
        let body = serde_json::json!({ "image_id": image_id }).to_string();
        self.post(account, "application/json", body).await
    }

    /// Sends a picture and gives back the id of its detection.
    pub(crate) async fn detect(&self, account: AccountId) -> String {
        let received = self.post(account, "image/jpeg", "a picture").await;
        assert_eq!(received.status, 201);
        received.json()["id"].as_str().unwrap().to_owned()
    }
}
