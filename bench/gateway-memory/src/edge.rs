//! A gateway with a service that does nothing, whose verifier keeps what it is told as one behind a network does.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use axum::{Router, body::Body};
use futures::{StreamExt, stream};
use http::{Request, StatusCode};
use prosopa_gateway::{Config, GatewayService};
use prosopa_http::{Endpoints, Operation};
use prosopa_model::{Scope, SystemClock};
use prosopa_runtime::{
    Backend, CachingVerifier, Host, ListenerOptions, Listeners, PeerAddress, Platform, Service, Upstream,
};
use prosopa_vault::Keyring;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::callers::{Callers, NoChanges, credential};

/// A gateway that runs until it is dropped.
pub(crate) struct Edge {
    router: Router,
    callers: Arc<Callers>,
    tasks: Vec<JoinHandle<()>>,
}

/// Where the gateway keeps what it has.
pub(crate) fn platform(folder: &Path) -> Platform {
    let keyring = Keyring::open_or_create(&folder.join("keyring.json")).unwrap();
    Platform::new(folder, keyring, Arc::new(SystemClock))
}

impl Edge {
    /// Starts one with the default configuration, but for the number of callers whose rate is remembered.
    pub(crate) async fn start(mut platform: Platform, keys: usize) -> Self {
        let callers = Arc::new(Callers::default());
        let verifier = CachingVerifier::new(
            Arc::<Callers>::clone(&callers),
            Arc::new(NoChanges),
            Arc::new(SystemClock),
            &platform.metrics,
        );
        let verifier = verifier.unwrap();
        let following = verifier.clone();
        let follower = tokio::spawn(async move { following.follow(CancellationToken::new()).await });
        platform.peers.verifier = Some(Arc::new(verifier));
        platform.peers.upstreams = vec![Upstream {
            service: "nothing",
            description: "Nothing",
            operations: endpoints().into_operations(),
            backend: Backend::Mounted(endpoints().into_router(())),
        }];
        let config = Config::default();
        let config = Config { rate_entries_max: config.rate_entries_max.max(keys), ..config };
        let parts = GatewayService::build(config, &platform).await.unwrap();
        let mut host = Host::new(platform);
        let ((), router) = host.adopt(parts);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = Listeners::bind(any_port, any_port).await.unwrap();
        let running = host.run(listeners, router.clone(), ListenerOptions::default());
        let host = tokio::spawn(async move { running.await.unwrap() });
        Self { router, callers, tasks: vec![follower, host] }
    }

    /// One metered call by each key.
    pub(crate) async fn call_all(&self, keys: usize, concurrent: usize) {
        let before = self.callers.asked.load(Ordering::Relaxed);
        stream::iter(0..keys).for_each_concurrent(concurrent, |number| self.call(number)).await;
        let asked = self.callers.asked.load(Ordering::Relaxed) - before;
        assert!(asked <= keys, "each is asked for once at most");
    }

    async fn call(&self, number: usize) {
        let mut request = Request::post("/api/v1/metered")
            .header("x-api-key", credential(number))
            .header("user-agent", "bench/1.0")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(PeerAddress(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
        let status = self.router.clone().oneshot(request).await.unwrap().status();
        assert_eq!(status, StatusCode::OK);
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn endpoints() -> Endpoints<()> {
    let spend = Operation::post("spend", "/api/v1/metered").scope(Scope::FacesWrite).metered(1);
    Endpoints::new().add(spend, async || "")
}
