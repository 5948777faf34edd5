//! The gateway with auth behind it, and a service that does nothing.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, body::Body};
use futures::future::join_all;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt;

use prosopa_auth::AuthService;
use prosopa_contract::verifier::Verifier;
use prosopa_gateway::{Config, GatewayService, Rate};
use prosopa_http::{Endpoints, Operation, signatures::SigningKey};
use prosopa_model::{Scope, SystemClock};
use prosopa_runtime::{Backend, Host, ListenerOptions, Listeners, PeerAddress, Platform, Service, Upstream};
use prosopa_vault::Keyring;

use crate::{
    signing::signed,
    table::{Table, measure_all},
};

/// Calls of one round.
const CALLS: usize = 1_024;

/// At the same time, as on a server that has work.
const CALLERS: usize = 16;

const NOTHING: &str = "/api/v1/nothing";
const ANYBODY: &str = "/api/v1/anybody";

/// Prints what tokens, keys and signatures cost here.
pub(crate) async fn print(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::open_or_create(&folder.path().join("keyring.json")).unwrap();
    let mut platform = Platform::new(folder.path(), keyring, Arc::new(SystemClock));
    let mut host = Host::new(platform.clone());
    let auth = AuthService::build(prosopa_auth::Config::default(), &platform).await.unwrap();
    let (offer, auth) = host.adopt(auth);
    platform.peers.verifier = Some(Arc::clone(&offer.verifier));
    platform.peers.client_keys = Some(Arc::clone(&offer.client_keys));
    platform.peers.upstreams = vec![
        upstream("auth", AuthService::operations(), auth),
        upstream("nothing", endpoints().into_operations(), endpoints().into_router(())),
    ];
    let rate = Rate { requests_per_second: 1_000_000, burst: 1_000_000 };
    let config = Config { caller_rate: rate, address_rate: rate, ..Config::default() };
    let ((), gateway) = host.adopt(GatewayService::build(config, &platform).await.unwrap());
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listeners = Listeners::bind(any_port, any_port).await.unwrap();
    let running = tokio::spawn(host.run(listeners, gateway.clone(), ListenerOptions::default()));

    let (token, key) = sign_up(&gateway).await;
    let client = tell(&gateway, "/api/v1/clients", Some(&token), &json!({ "name": "bench" })).await;
    let text = |name| client[name].as_str().unwrap();
    let (access_key, secret_key) = (text("access_key"), text("secret_key"));
    table.row("access token, by auth", verification_us(&*offer.verifier, &token).await);
    table.row("API key, by auth", verification_us(&*offer.verifier, &key).await);
    let find = async || {
        for _ in 0..CALLS {
            offer.client_keys.find(access_key).await.unwrap().unwrap();
        }
    };
    table.row("the key of a signature, by auth", measure_all(CALLS, find).await);
    let public = async || call_all(&gateway, || get(ANYBODY)).await;
    table.row("request through the gateway, public", measure_all(CALLS, public).await);
    let with_token = async || call_all(&gateway, || authorized(&token)).await;
    table.row("the same with an access token", measure_all(CALLS, with_token).await);
    let with_key = async || call_all(&gateway, || authorized(&key)).await;
    table.row("the same with an API key", measure_all(CALLS, with_key).await);
    let sign = || {
        let key = SigningKey::hmac_sha256(secret_key.as_bytes()).unwrap();
        from_here(Request::from_parts(signed("GET", NOTHING, access_key, key), Body::empty()))
    };
    let made = measure_all(CALLS, async || drop((0..CALLS).map(|_| sign()).collect::<Vec<_>>())).await;
    let signed = measure_all(CALLS, async || call_all(&gateway, &sign).await).await - made;
    table.row("the same signed: its nonce is on the disk", signed);
    platform.shutdown.cancel();
    running.await.unwrap().unwrap();
}

fn endpoints() -> Endpoints<()> {
    Endpoints::new()
        .add(Operation::get("get_nothing", NOTHING).scope(Scope::FacesRead), async || "")
        .add(Operation::get("get_anybody", ANYBODY), async || "")
}

fn upstream(service: &'static str, operations: Vec<Operation>, router: Router) -> Upstream {
    Upstream { service, description: "", operations, backend: Backend::Mounted(router) }
}

/// Makes a user; gives an access token and an API key.
async fn sign_up(gateway: &Router) -> (String, String) {
    let password = "correct horse battery staple";
    let user = json!({ "user_name": "bench", "email": "bench@example.org", "password": password });
    tell(gateway, "/api/v1/auth/register", None, &user).await;
    let login = json!({ "user_name": "bench", "password": password });
    let token = tell(gateway, "/api/v1/auth/login", None, &login).await;
    let token = token["access_token"].as_str().unwrap().to_owned();
    let key = tell(gateway, "/api/v1/auth/api-keys", Some(&token), &json!({ "name": "bench" })).await;
    (token, key["key"].as_str().unwrap().to_owned())
}

async fn tell(gateway: &Router, path: &str, token: Option<&str>, body: &Value) -> Value {
    let request = Request::post(path).header("content-type", "application/json");
    let request = token.into_iter().fold(request, |request, token| request.header("x-api-key", token));
    let request = from_here(request.body(Body::from(body.to_string())).unwrap());
    let answer = gateway.clone().oneshot(request).await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// One after the other: each asks the database.
async fn verification_us(verifier: &dyn Verifier, credential: &str) -> f64 {
    let verify = async || {
        for _ in 0..CALLS {
            verifier.verify(SecretString::from(credential)).await.unwrap();
        }
    };
    measure_all(CALLS, verify).await
}

/// Many at a time.
async fn call_all(gateway: &Router, request: impl Fn() -> Request<Body>) {
    let caller = async |_| {
        for _ in 0..CALLS / CALLERS {
            let status = gateway.clone().oneshot(request()).await.unwrap().status();
            assert_eq!(status, StatusCode::OK);
        }
    };
    join_all((0..CALLERS).map(caller)).await;
}

fn get(path: &str) -> Request<Body> {
    from_here(Request::get(path).body(Body::empty()).unwrap())
}

fn authorized(token: &str) -> Request<Body> {
    let mut request = get(NOTHING);
    request.headers_mut().insert("x-api-key", token.parse().unwrap());
    request
}

fn from_here(mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(PeerAddress(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
    request
}
