//! The gateway as a process: the service behind it once for everybody and once with everything that a key costs.

use std::{env, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use http::Uri;
use secrecy::{ExposeSecret, SecretString};

use prosopa_contract::{
    credential_changes::{Changes, ChangesError, CredentialChanges, Subjects},
    verifier::{Verified, Verifier, VerifyError},
};
use prosopa_gateway::{Config, GatewayService, Plan, Rate};
use prosopa_http::Operation;
use prosopa_model::{
    AccountId, ApiKeyId, Clock, Credential, Principal, Role, Scope, Scopes, SystemClock, Timestamp, UserId,
};
use prosopa_runtime::{
    Backend, CachingVerifier, Host, ListenerOptions, Listeners, Platform, Service, Upstream,
};
use prosopa_telemetry::Telemetry;
use prosopa_vault::Keyring;

use crate::{
    keys::{KEY_PREFIX, KEYS},
    service::LARGE,
};

/// Who has which key.
struct Keys(Vec<Principal>);

#[async_trait]
impl Verifier for Keys {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        let number = credential
            .expose_secret()
            .strip_prefix(KEY_PREFIX)
            .and_then(|number| number.parse::<usize>().ok());
        number.and_then(|number| self.0.get(number)).cloned().ok_or(VerifyError::Invalid)
    }

    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        let principal = self.verify(credential).await?;
        Ok(Verified { principal, valid_until: Some(Timestamp::MAX) })
    }

    async fn still_holds(&self, _: &Principal) -> Result<bool, VerifyError> {
        Ok(true)
    }
}

/// Nothing ever changes.
struct Still;

#[async_trait]
impl CredentialChanges for Still {
    async fn changes_since(&self, _: Option<i64>) -> Result<Changes, ChangesError> {
        Ok(Changes { position: 0, subjects: Subjects::Listed(Vec::new()) })
    }
}

/// Serves at `BENCH_LISTEN` until it is killed.
pub(crate) async fn run(service: SocketAddr) {
    let address = env::var("BENCH_LISTEN").unwrap().parse().unwrap();
    serve(service, address, env::var("BENCH_LOG_FILTER").unwrap()).await;
}

/// Serves at an address for ever.
pub(crate) async fn serve(service: SocketAddr, address: SocketAddr, log_filter: String) {
    let telemetry = prosopa_telemetry::Config { log_filter, ..prosopa_telemetry::Config::default() };
    let _telemetry = Telemetry::start(&telemetry, "0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::open_or_create(&folder.path().join("keyring.json")).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut platform = Platform::new(folder.path(), keyring, Arc::clone(&clock));
    let principals = (0..KEYS).map(|_| principal()).collect();
    let verifier =
        CachingVerifier::new(Arc::new(Keys(principals)), Arc::new(Still), clock, &platform.metrics).unwrap();
    let follower = verifier.follower();
    platform.peers.verifier = Some(Arc::new(verifier));
    platform.peers.upstreams = vec![upstream(service)];
    let rate = Rate { requests_per_second: 1_000_000, burst: 1_000_000 };
    let limit = u64::from(u32::MAX);
    let plan = Plan { name: "all".into(), requests_per_day: limit, requests_per_month: limit };
    let config = Config { plan, caller_rate: rate, address_rate: rate, ..Config::default() };
    let mut parts = GatewayService::build(config, &platform).await.unwrap();
    parts.tasks.push(follower);
    let mut host = Host::new(platform);
    let ((), router) = host.adopt(parts);
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = Listeners::bind(address, any_port).await.unwrap();
    host.run(listeners, router, ListenerOptions::default()).await.unwrap();
}

fn principal() -> Principal {
    Principal {
        account_id: AccountId::new(),
        user_id: UserId::new(),
        role: Role::User,
        scopes: Scopes::all(),
        credential: Credential::ApiKey(ApiKeyId::new()),
        requests_per_day_max: None,
        plan: None,
        quota: None,
    }
}

fn upstream(service: SocketAddr) -> Upstream {
    let address: Uri = format!("http://{service}").parse().unwrap();
    let backend = Backend::Remote(address.into());
    Upstream { service: "bench", description: "Nothing", operations: operations(), backend }
}

fn operations() -> Vec<Operation> {
    let full = |operation: Operation| operation.scope(Scope::FacesWrite).metered(1);
    let large_request =
        |operation: Operation| operation.body_bytes_max(LARGE).bytes_request(&["application/octet-stream"]);
    vec![
        Operation::get("plain_small", "/api/v1/plain/small"),
        Operation::get("plain_large", "/api/v1/plain/large"),
        large_request(Operation::post("plain_sent", "/api/v1/plain/small")),
        full(Operation::get("full_small", "/api/v1/full/small")),
        full(Operation::get("full_large", "/api/v1/full/large")),
        large_request(full(Operation::post("full_sent", "/api/v1/full/small"))),
    ]
}
