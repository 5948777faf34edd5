//! TLS of the whole product: certificates of its own, of clients, and what is known by them.

use std::{fs, path::Path};

use prosopa_harness::Product;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use reqwest::{Client, Method, StatusCode, Version};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A certificate authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, in PEM.
    fn sign(&self, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Somebody who trusts an authority, perhaps with a certificate.
struct Caller {
    http: Client,
    base: String,
}

impl Caller {
    fn new(product: &Product, trusted: &str, identity: Option<&(String, String)>) -> Self {
        let root = reqwest::Certificate::from_pem(trusted.as_bytes()).unwrap();
        let mut builder = Client::builder().tls_certs_only([root]);
        if let Some((certificate, key)) = identity {
            let pem = format!("{certificate}{key}");
            builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
        let base = product.url().replace("127.0.0.1", "localhost");
        assert!(base.starts_with("https://"), "{base}");
        Self { http: builder.build().unwrap(), base }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn log_in(&self, user_name: &str, password: &str) -> String {
        let login = json!({ "user_name": user_name, "password": password });
        let (status, tokens) = self.call(Method::POST, "/api/v1/auth/login", None, Some(login)).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens["access_token"].as_str().unwrap().to_owned()
    }
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// F9: an API client is known by a certificate that an administrator has said is its, until it is revoked; with another
/// credential the certificate is not looked at.
#[tokio::test]
async fn a_client_is_known_by_its_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let folder = TempDir::new().unwrap();
    let (certificate, key) = authority.sign(ExtendedKeyUsagePurpose::ServerAuth);
    let product = Product::start_with(&[
        ("PROSOPA_SERVER__TLS__CERTIFICATE_FILE", &write(folder.path(), "server.pem", &certificate)),
        ("PROSOPA_SERVER__TLS__PRIVATE_KEY_FILE", &write(folder.path(), "key.pem", &key)),
        ("PROSOPA_SERVER__TLS__CLIENT_CA_FILE", &write(folder.path(), "clients.pem", &clients.pem)),
        ("PROSOPA_SERVER__TLS__CLIENT_CERTIFICATES", "optional"),
    ])
    .await;
    let person = Caller::new(&product, &authority.pem, None);
    let password = fs::read_to_string(product.data_dir().join("administrator-password")).unwrap();
    let token = person.log_in("administrator", password.trim()).await;
    let new = json!({ "name": "door camera", "scopes": ["account:read"] });
    let (status, made) = person.call(Method::POST, "/api/v1/clients", Some(&token), Some(new)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let client = format!("/api/v1/clients/{}", made["client"]["id"].as_str().unwrap());

    let identity = clients.sign(ExtendedKeyUsagePurpose::ClientAuth);
    let camera = Caller::new(&product, &authority.pem, Some(&identity));
    let me = async |token: Option<&str>| camera.call(Method::GET, "/api/v1/users/me", token, None).await;
    assert_eq!(me(None).await.0, StatusCode::UNAUTHORIZED, "nobody has said whose it is");
    let certificates = format!("{client}/certificates");
    let body = json!({ "certificate": identity.0 });
    let (status, added) = person.call(Method::POST, &certificates, Some(&token), Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    let (status, shown) = me(None).await;
    assert_eq!((status, &shown["user_name"]), (StatusCode::OK, &json!("administrator")), "{shown}");
    assert_eq!(me(Some("wrong")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(me(Some(&token)).await.0, StatusCode::OK);
    // Its rights are the client's, not its owner's.
    assert_eq!(camera.call(Method::GET, "/api/v1/users", None, None).await.0, StatusCode::FORBIDDEN);

    let (status, _) = person.call(Method::DELETE, &client, Some(&token), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let refused = async {
        while me(None).await.0 != StatusCode::UNAUTHORIZED {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(1), refused).await.expect("refused within a second");
}

/// F9: a certificate for development is made once, kept to its owner and shown to users.
#[tokio::test]
async fn a_certificate_for_development_is_made_once() {
    let product = Product::start_with(&[("PROSOPA_SERVER__TLS__SELF_SIGNED", "true")]).await;
    let path = |name: &str| product.data_dir().join("tls").join(name);
    let pem = fs::read_to_string(path("certificate.pem")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path("key.pem")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let caller = Caller::new(&product, &pem, None);
    let (status, keys) = caller.call(Method::GET, "/.well-known/jwks.json", None, None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(keys["keys"][0]["kid"].is_string(), "{keys}");
    let folder = product.folder();
    product.stop().await;
    let mut command = Product::command(&folder.path().join("data"));
    command.arg("--tls-self-signed");
    let product = Product::spawn(command, folder).await;
    let again = fs::read_to_string(product.data_dir().join("tls/certificate.pem")).unwrap();
    assert_eq!(again, pem);
    let caller = Caller::new(&product, &pem, None);
    assert_eq!(caller.call(Method::GET, "/.well-known/jwks.json", None, None).await.0, StatusCode::OK);
}
