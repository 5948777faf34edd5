//! A gateway with a service that does nothing.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use futures::future::join_all;
use http::{Request, StatusCode};
use prosopa_contract::verifier::{Verifier, VerifyError};
use prosopa_gateway::{Config, GatewayService, Plan, Rate};
use prosopa_http::{Endpoints, Operation};
use prosopa_model::{AccountId, Credential, Principal, Role, Scope, Scopes, SessionId, SystemClock, UserId};
use prosopa_runtime::{Backend, Host, ListenerOptions, Listeners, PeerAddress, Platform, Service, Upstream};
use prosopa_vault::Keyring;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::place::{Place, length};

/// Accounts that callers belong to.
const ACCOUNTS: usize = 64;

/// A gateway that runs until it is dropped.
pub(crate) struct Edge {
    router: Router,
    host: JoinHandle<()>,
    _folder: TempDir,
}

/// Every number is an account.
struct Accounts([AccountId; ACCOUNTS]);

#[async_trait]
impl Verifier for Accounts {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        let number: usize = credential.expose_secret().parse().map_err(|_| VerifyError::Invalid)?;
        Ok(Principal {
            account_id: self.0[number % ACCOUNTS],
            user_id: UserId::new(),
            role: Role::User,
            scopes: Scopes::all(),
            credential: Credential::Session(SessionId::new()),
            requests_per_day_max: None,
            plan: None,
            quota: None,
        })
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError> {
        Ok(self.0.contains(&principal.account_id))
    }
}

impl Edge {
    /// Starts one with empty databases.
    pub(crate) async fn start(place: &Place) -> Self {
        let (folder, databases) = place.databases();
        let keyring = Keyring::open_or_create(&folder.path().join("keyring.json")).unwrap();
        let platform = Platform::new(folder.path(), keyring, Arc::new(SystemClock));
        let mut platform = platform.with_databases(databases);
        platform.peers.verifier = Some(Arc::new(Accounts(std::array::from_fn(|_| AccountId::new()))));
        let (operations, router) = (endpoints().into_operations(), endpoints().into_router(()));
        platform.peers.upstreams = vec![Upstream {
            service: "nothing",
            description: "Nothing",
            operations,
            backend: Backend::Mounted(router),
        }];
        let rate = Rate { requests_per_second: 1_000_000, burst: 1_000_000 };
        let limit = u64::from(u32::MAX);
        let plan = Plan { name: "all".into(), requests_per_day: limit, requests_per_month: limit };
        let config = Config { plan, caller_rate: rate, address_rate: rate, ..Config::default() };
        let parts = GatewayService::build(config, &platform).await.unwrap();
        let mut host = Host::new(platform);
        let ((), router) = host.adopt(parts);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = Listeners::bind(any_port, any_port).await.unwrap();
        let running = host.run(listeners, router.clone(), ListenerOptions::default());
        let host = tokio::spawn(async move { running.await.unwrap() });
        Self { router, host, _folder: folder }
    }

    /// One call for an account.
    pub(crate) async fn call(&self, path: &str, account: usize) {
        let mut request = Request::post(path)
            .header("authorization", format!("Bearer {account}"))
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(PeerAddress(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
        let status = self.router.clone().oneshot(request).await.unwrap().status();
        assert_eq!(status, StatusCode::OK);
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.host.abort();
    }
}

fn endpoints() -> Endpoints<()> {
    let nothing = |id, path| Operation::post(id, path).scope(Scope::FacesWrite);
    Endpoints::new()
        .add(nothing("spend", "/api/v1/metered").metered(1), async || "")
        .add(nothing("pass", "/api/v1/free"), async || "")
        .add(Operation::post("show", "/api/v1/public"), async || "")
}

/// Metered calls a second, each with its durable spend in two windows.
pub(crate) async fn spends_per_second(place: &Place, callers: usize) -> f64 {
    let edge = Edge::start(place).await;
    let end = Instant::now() + length();
    let caller = async |account: usize| {
        let mut count = 0_u64;
        while Instant::now() < end {
            edge.call("/api/v1/metered", account).await;
            count += 1;
        }
        count
    };
    let begun = Instant::now();
    let counts = join_all((0..callers).map(caller)).await;
    counts.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64()
}
