//! Keys that API clients sign with, kept by a gateway elsewhere.

use std::time::Instant;

use prosopa_contract::client_keys::{ClientKeys, ClientKeysClient};
use prosopa_runtime::CachingClientKeys;

use super::*;

/// A gateway that keeps keys, of a process that is asked, beside one where clients are changed.
struct Keys {
    world: World,
    gateway: Gateway,
    keys: CachingClientKeys,
    user: String,
}

impl Keys {
    async fn start() -> Self {
        let world = World::start().await;
        let gateway = Gateway::start(&world.server, world.server.address);
        let channel =
            Channel::from_shared(format!("http://{}", world.server.address)).unwrap().connect_lazy();
        let keys = gateway.verifier.with_client_keys(Arc::new(ClientKeysClient::new(channel)));
        let user = world.access_token.clone();
        Self { world, gateway, keys, user }
    }

    /// Makes a client; its path and its access key.
    async fn create(&self) -> (String, String) {
        let body = json!({ "name": "robot" });
        let made = self.world.app.call(Method::POST, "/api/v1/clients", Some(&self.user), Some(body)).await;
        let id = made.json["client"]["id"].as_str().unwrap();
        (format!("/api/v1/clients/{id}"), made.text("access_key"))
    }

    async fn is_found(&self, access_key: &str) -> bool {
        self.keys.find(access_key).await.unwrap().is_some()
    }

    /// Asks until the answer is a kept one.
    async fn warm_up(&self, access_key: &str) {
        let before = self.gateway.counted("kept");
        within(Duration::from_secs(30), async || {
            assert!(self.is_found(access_key).await);
            self.gateway.counted("kept") > before
        })
        .await;
    }

    async fn assert_refused_in_time(&self, access_key: &str) {
        let start = Instant::now();
        within(Duration::from_secs(30), async || !self.is_found(access_key).await).await;
        assert!(start.elapsed() < REVOCATION_MAX, "{:?}", start.elapsed());
    }
}

/// K1, K2, R6: a key that was rotated without grace, a client that was revoked and a user that was deactivated are
/// refused by a gateway of another process within a second, though the key was kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_end_elsewhere_are_refused_within_a_second() {
    let scene = Keys::start().await;
    let app = &scene.world.app;
    let (path, old) = scene.create().await;
    scene.warm_up(&old).await;
    let rotation = json!({ "grace_seconds": 0 });
    let rotated = app.call(Method::POST, &format!("{path}/rotate"), Some(&scene.user), Some(rotation)).await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.json);
    scene.assert_refused_in_time(&old).await;

    let new = rotated.text("access_key");
    scene.warm_up(&new).await;
    scene.world.set_status("deactivated").await;
    scene.assert_refused_in_time(&new).await;
    scene.world.set_status("active").await;
    assert!(scene.is_found(&new).await, "refusals are not kept");

    scene.warm_up(&new).await;
    let token = app.log_in("ada").await.text("access_token");
    assert_eq!(app.call(Method::DELETE, &path, Some(&token), None).await.status, StatusCode::NO_CONTENT);
    scene.assert_refused_in_time(&new).await;
}

/// S7: a kept key is not kept beyond its own end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_key_ends_when_its_grace_does() {
    let scene = Keys::start().await;
    let app = &scene.world.app;
    let (path, old) = scene.create().await;
    let rotation = json!({ "grace_seconds": 60 });
    let rotated = app.call(Method::POST, &format!("{path}/rotate"), Some(&scene.user), Some(rotation)).await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.json);
    scene.warm_up(&old).await;
    scene.world.server.app.clock.advance(Duration::from_secs(61));
    assert!(!scene.is_found(&old).await);
    assert!(scene.is_found(&rotated.text("access_key")).await);
}
