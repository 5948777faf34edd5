//! Certificates that clients show in the handshake of TLS.

use http::{Method, StatusCode};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use prosopa_auth::Config;
use prosopa_contract::verifier::{Verified, VerifyError};
use prosopa_model::{Credential, Scopes, Timestamp};

use super::{create, path_of};
use crate::support::{Answer, App};

/// A certificate that is good until the end of a year.
struct Certificate {
    pem: String,
    fingerprint: [u8; 32],
}

impl Certificate {
    fn until(year: i32) -> Self {
        let mut params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
        Self { pem: certificate.pem(), fingerprint: digest.as_ref().try_into().unwrap() }
    }

    fn name(&self) -> String {
        self.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn examine(&self, app: &App) -> Result<Verified, VerifyError> {
        app.verifier.examine_certificate(self.fingerprint).await
    }
}

struct Scene {
    app: App,
    administrator: String,
    ada: String,
    /// Of her client.
    path: String,
}

impl Scene {
    async fn start() -> Self {
        let app = App::start().await;
        let (administrator, ada) =
            (app.access_token_of_administrator().await, app.access_token_of("ada").await);
        let path = path_of(&create(&app, &ada, json!({ "name": "c" })).await);
        Self { app, administrator, ada, path }
    }

    async fn add(&self, path: &str, pem: &str) -> Answer {
        let body = json!({ "certificate": pem });
        let path = format!("{path}/certificates");
        self.app.call(Method::POST, &path, Some(&self.administrator), Some(body)).await
    }

    async fn remove(&self, path: &str, name: &str) -> Answer {
        let path = format!("{path}/certificates/{name}");
        self.app.call(Method::DELETE, &path, Some(&self.administrator), None).await
    }

    async fn list(&self, credential: &str) -> Value {
        self.app.get(&format!("{}/certificates", self.path), credential).await.json
    }
}

/// F9: whoever shows the certificate is the client, with its rights, as long as both last.
#[tokio::test]
async fn a_certificate_is_known_as_its_clients() {
    let scene = Scene::start().await;
    let certificate = Certificate::until(2026);
    assert_eq!(certificate.examine(&scene.app).await, Err(VerifyError::Invalid));
    let added = scene.add(&scene.path, &certificate.pem).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.json);
    assert_eq!(added.text("fingerprint"), certificate.name());
    assert_eq!(added.text("ends_at"), "2026-12-31T00:00:00.000000Z");

    let verified = certificate.examine(&scene.app).await.unwrap();
    let owner = scene.app.verify(&scene.ada).await.unwrap();
    let principal = &verified.principal;
    assert_eq!((principal.account_id, principal.user_id), (owner.account_id, owner.user_id));
    assert_eq!(principal.scopes, Scopes::for_keys());
    assert!(matches!(principal.credential, Credential::Client(id) if scene.path.ends_with(&id.to_string())));
    assert_eq!(verified.valid_until, Some("2026-12-31T00:00:00Z".parse::<Timestamp>().unwrap()));
    assert_eq!(Certificate::until(2026).examine(&scene.app).await, Err(VerifyError::Invalid));

    // Once more is harmless, and is seen by the owner.
    assert_eq!(scene.add(&scene.path, &certificate.pem).await.status, StatusCode::CREATED);
    assert_eq!(scene.list(&scene.ada).await, json!({ "certificates": [added.json] }));
    assert_eq!(scene.list(&scene.administrator).await["certificates"].as_array().unwrap().len(), 1);
}

/// F9: what has ended is refused at once, in every process.
#[tokio::test]
async fn what_has_ended_is_refused_at_once() {
    let scene = Scene::start().await;
    let twin = scene.app.twin(Config::default()).await;
    let certificate = Certificate::until(2026);
    scene.add(&scene.path, &certificate.pem).await;
    certificate.examine(&twin).await.unwrap();
    assert_eq!(scene.remove(&scene.path, &certificate.name()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(certificate.examine(&twin).await, Err(VerifyError::Invalid));
    assert_eq!(scene.remove(&scene.path, &certificate.name()).await.problem(), "not-found");

    scene.add(&scene.path, &certificate.pem).await;
    certificate.examine(&twin).await.unwrap();
    let revoked = scene.app.call(Method::DELETE, &scene.path, Some(&scene.ada), None).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(certificate.examine(&twin).await, Err(VerifyError::Invalid));
    assert_eq!(scene.add(&scene.path, &certificate.pem).await.problem(), "not-found");

    // It may be given to another client, and ends by itself.
    let next = path_of(&create(&scene.app, &scene.ada, json!({ "name": "next" })).await);
    assert_eq!(scene.add(&next, &certificate.pem).await.status, StatusCode::CREATED);
    certificate.examine(&scene.app).await.unwrap();
    scene.app.clock.set("2026-12-31T00:00:00Z");
    assert_eq!(certificate.examine(&scene.app).await, Err(VerifyError::Invalid));
}

/// F9: a certificate's file does not show that one has its key, so only administrators say whose it is.
#[tokio::test]
async fn others_give_no_certificates() {
    let scene = Scene::start().await;
    let certificate = Certificate::until(2026);
    let eve = scene.app.access_token_of("eve").await;
    for credential in [&scene.ada, &eve] {
        let path = format!("{}/certificates", scene.path);
        let body = json!({ "certificate": certificate.pem });
        let added = scene.app.call(Method::POST, &path, Some(credential), Some(body)).await;
        assert_eq!(added.problem(), "forbidden");
        let path = format!("{path}/{}", certificate.name());
        let removed = scene.app.call(Method::DELETE, &path, Some(credential), None).await;
        assert_eq!(removed.problem(), "forbidden");
    }
    assert_eq!(scene.list(&eve).await["code"], "not-found");
    scene.add(&scene.path, &certificate.pem).await;
    let other = path_of(&create(&scene.app, &eve, json!({ "name": "e" })).await);
    assert_eq!(scene.add(&other, &certificate.pem).await.pointer(), "/certificate");
    assert!(certificate.examine(&scene.app).await.is_ok());
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let scene = Scene::start().await;
    let (one, two) = (Certificate::until(2026).pem, Certificate::until(2026).pem);
    let key = KeyPair::generate().unwrap().serialize_pem();
    let cut = one.replace("-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\nMIA");
    for text in
        ["", "x", &key, &cut, &format!("{one}{two}"), &"x".repeat(20_000), &Certificate::until(2025).pem]
    {
        assert_eq!(scene.add(&scene.path, text).await.pointer(), "/certificate", "{text}");
    }
    let unknown = "/api/v1/clients/cli_01h455vb4pex5vsknk084sn02q";
    assert_eq!(scene.add(unknown, &one).await.problem(), "not-found");
    for name in ["", "x", &"A".repeat(64), &"0".repeat(62)] {
        assert_eq!(scene.remove(&scene.path, name).await.status, StatusCode::NOT_FOUND, "{name}");
    }
}

/// F9: a client has a bounded number of them.
#[tokio::test]
async fn a_client_has_some_certificates() {
    let scene = Scene::start().await;
    for _ in 0..20 {
        assert_eq!(scene.add(&scene.path, &Certificate::until(2026).pem).await.status, StatusCode::CREATED);
    }
    let one_more = Certificate::until(2026);
    assert_eq!(scene.add(&scene.path, &one_more.pem).await.pointer(), "/certificate");
    assert_eq!(one_more.examine(&scene.app).await, Err(VerifyError::Invalid));
    assert_eq!(scene.list(&scene.ada).await["certificates"].as_array().unwrap().len(), 20);
}
