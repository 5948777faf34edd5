//! The service over a throw-away platform.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{Method, Request};

use prosopa_contract::engine::{AnalyzeFacesRequest, AnalyzeFacesResponse, EngineError, ImageFormat};
use prosopa_detection::{Config, DetectionService};
use prosopa_model::AccountId;
use prosopa_runtime::{Parts, Service};
use prosopa_testkit::{Received, ScriptedEngine, TestPlatform, analysis_of, principal_of, send};

pub(crate) struct Detection {
    pub(crate) test: TestPlatform,
    /// What a host would adopt.
    pub(crate) parts: Option<Parts<()>>,
    router: Router,
}

impl Detection {
    /// Every picture is a JPEG with one face.
    pub(crate) async fn start() -> Self {
        Self::with(|_| Ok(analysis_of(ImageFormat::Jpeg, 1))).await
    }

    pub(crate) async fn with(
        script: impl Fn(AnalyzeFacesRequest) -> Result<AnalyzeFacesResponse, EngineError> + Send + Sync + 'static,
    ) -> Self {
        let mut test = TestPlatform::new();
        test.platform.peers.engine = Some(Arc::new(ScriptedEngine::new(script)));
        let parts = DetectionService::build(Config::default(), &test.platform).await.unwrap();
        Self { test, router: parts.http.clone(), parts: Some(parts) }
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

    /// Sends a picture and gives back the id of its detection.
    pub(crate) async fn detect(&self, account: AccountId) -> String {
        let received = self.post(account, "image/jpeg", "a picture").await;
        assert_eq!(received.status, 201);
        received.json()["id"].as_str().unwrap().to_owned()
    }
}
