//! The auth service behind its internal listener, and a user with a token and a key.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, body::Body};
use http::Request;
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tower::ServiceExt;

use prosopa_auth::AuthService;
use prosopa_contract::{
    client_keys::{ClientKeys, serve_client_keys},
    credential_changes::{CredentialChanges, serve_credential_changes},
    verifier::{Verifier, serve_verifier},
};
use prosopa_model::{Principal, SystemClock};
use prosopa_runtime::{
    Host, InternalListener, InternalRoutes, ListenerOptions, Listeners, Platform, PrincipalConfig, Service,
    TaskEnded,
};
use prosopa_vault::Keyring;

/// Who is asked.
pub(crate) struct Asked {
    pub(crate) verifier: Arc<dyn Verifier>,
    pub(crate) client_keys: Arc<dyn ClientKeys>,
}

/// A running service on SQLite.
pub(crate) struct Product {
    pub(crate) asked: Asked,
    pub(crate) changes: Arc<dyn CredentialChanges>,
    /// The internal listener.
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) key: String,
    /// Of a client that signs.
    pub(crate) access_key: String,
    platform: Platform,
    host: JoinHandle<Result<(), TaskEnded>>,
    _folder: TempDir,
}

impl Product {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::open_or_create(&folder.path().join("keyring.json")).unwrap();
        let platform = Platform::new(folder.path(), keyring, Arc::new(SystemClock));
        let mut host = Host::new(platform.clone());
        let auth = AuthService::build(prosopa_auth::Config::default(), &platform).await.unwrap();
        let (offer, router) = host.adopt(auth);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = InternalListener::bind(any_port).await.unwrap();
        let address = listener.address().unwrap();
        let changes = Arc::clone(&offer.credential_changes);
        let routes = Routes::new(serve_verifier(Arc::clone(&offer.verifier)))
            .add_service(serve_client_keys(Arc::clone(&offer.client_keys)))
            .add_service(serve_credential_changes(changes, platform.shutdown.clone()))
            .into_axum_router();
        let principals = platform.principal_verifier(&PrincipalConfig::default()).unwrap();
        let routes = InternalRoutes::new(principals, Arc::clone(&platform.clock))
            .with_service(AuthService::NAME, routes);
        host.serve_internal(listener, routes);
        let listeners = Listeners::bind(any_port, any_port).await.unwrap();
        let host = tokio::spawn(host.run(listeners, Router::new(), ListenerOptions::default()));
        let [token, key, access_key] = sign_up(&router, &*offer.verifier).await;
        let asked = Asked { verifier: offer.verifier, client_keys: offer.client_keys };
        let changes = offer.credential_changes;
        Self { asked, changes, address, token, key, access_key, platform, host, _folder: folder }
    }

    pub(crate) async fn stop(self) {
        self.platform.shutdown.cancel();
        self.host.await.unwrap().unwrap();
    }
}

/// Makes a user; gives an access token, an API key and the access key of a client.
async fn sign_up(router: &Router, verifier: &dyn Verifier) -> [String; 3] {
    let password = "correct horse battery staple";
    let user = json!({ "user_name": "bench", "email": "bench@example.org", "password": password });
    tell(router, "/api/v1/auth/register", None, &user).await;
    let login = json!({ "user_name": "bench", "password": password });
    let token = tell(router, "/api/v1/auth/login", None, &login).await;
    let token = token["access_token"].as_str().unwrap().to_owned();
    let principal = verifier.verify(SecretString::from(token.as_str())).await.unwrap();
    let name = json!({ "name": "bench" });
    let key = tell(router, "/api/v1/auth/api-keys", Some(principal.clone()), &name).await;
    let client = tell(router, "/api/v1/clients", Some(principal), &name).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    [token, text(&key["key"]), text(&client["access_key"])]
}

async fn tell(router: &Router, path: &str, caller: Option<Principal>, body: &Value) -> Value {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(principal) = caller {
        request = request.extension(principal);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}
