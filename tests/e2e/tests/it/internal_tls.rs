//! Every service in a process of its own, which know each other by certificates.

use std::fs;

use prosopa_harness::{Answer, Caller, PASSWORD, Product, patiently, photo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

const DETECTIONS: &str = "/api/v1/faces/detections";

/// The certificates of a deployment: one for every process, and the authority that has signed it.
struct Deployment {
    folder: TempDir,
    authority: String,
}

impl Deployment {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        for (name, pem) in [
            ("ca.pem", authority.clone()),
            ("certificate.pem", certificate.pem()),
            ("key.pem", key.serialize_pem()),
        ] {
            fs::write(folder.path().join(name), pem).unwrap();
        }
        Self { folder, authority }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// What every process is told: to ask for certificates of this authority, and to know others by it.
    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PROSOPA_SERVER__INTERNAL_TLS__CERTIFICATE_FILE", self.path("certificate.pem")),
            ("PROSOPA_SERVER__INTERNAL_TLS__PRIVATE_KEY_FILE", self.path("key.pem")),
            ("PROSOPA_SERVER__INTERNAL_TLS__CLIENT_CA_FILE", self.path("ca.pem")),
            ("PROSOPA_PEERS__TLS__CA_FILE", self.path("ca.pem")),
            ("PROSOPA_PEERS__TLS__CERTIFICATE_FILE", self.path("certificate.pem")),
            ("PROSOPA_PEERS__TLS__PRIVATE_KEY_FILE", self.path("key.pem")),
        ]
    }

    async fn start(&self, settings: &[(&'static str, String)]) -> Product {
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Product::start_apart(&settings).await
    }
}

async fn detect(user: &Caller) -> Answer {
    patiently(async || user.detect(photo(), "image/png").await).await
}

/// S3, F9: the whole product over TLS with certificates on both sides, and nothing on the internal network for anybody
/// else.
#[tokio::test]
async fn services_that_know_each_other_are_one_product() {
    let deployment = Deployment::new();
    let product = deployment.start(&deployment.settings()).await;
    let user = product.user().await;
    assert_eq!(detect(&user).await.status, 201);
    let request = user.request(Method::POST, DETECTIONS).header("prefer", "respond-async");
    let accepted = user.send(request.header("content-type", "image/png").body(photo())).await;
    assert_eq!(accepted.status, 202, "{}", accepted.json());
    let done = async || patiently(async || user.get("/api/v1/jobs?status=completed").await).await.json();
    while done().await["items"].as_array().unwrap().is_empty() {}
    let address = product.internal_url("detection").to_owned();
    assert!(address.starts_with("https://"), "{address}");
    let authority = reqwest::Certificate::from_pem(deployment.authority.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    assert!(client.get(format!("{address}{DETECTIONS}")).send().await.is_err(), "without a certificate");
    let plain = format!("{}{DETECTIONS}", address.replace("https://", "http://"));
    assert!(client.get(plain).send().await.is_err(), "plainly");
    let (status, _, errors) = product.stop().await;
    assert!(status.success() && !errors.contains("ERROR"), "{errors}");
}

/// S4: a process that cannot know the others says 503, tells the operator why, and never speaks plainly instead.
#[tokio::test]
async fn services_that_do_not_know_each_other_say_so() {
    let (deployment, other) = (Deployment::new(), Deployment::new());
    let mut settings = deployment.settings();
    settings.retain(|(name, _)| *name != "PROSOPA_PEERS__TLS__CA_FILE");
    settings.push(("PROSOPA_PEERS__TLS__CA_FILE", other.path("ca.pem")));
    let product = deployment.start(&settings).await;
    let body = json!({ "user_name": "somebody", "email": "somebody@example.org", "password": PASSWORD });
    let refused = product.stranger().post("/api/v1/auth/register", &body).await;
    assert_eq!(refused.refusal(), (503, "unavailable".into()));
    assert!(refused.headers.contains_key("retry-after"));
    let (status, _, errors) = product.stop().await;
    assert!(status.success() && errors.contains("no TLS with another process"), "{errors}");
}
