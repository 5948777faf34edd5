//! The gateway as its host sees it: the only place where its parts are wired.

use std::sync::Arc;

use axum::{Router, middleware::from_fn};
use tokio::sync::Mutex;

use prosopa_http::{Operation, finish_answers};
use prosopa_runtime::{BuildError, Parts, Platform, Schemas, Service, Task, TaskKind};

use crate::{
    Config, MIGRATIONS, docs,
    edge::{self, Edge},
    error::Error,
    ledger::{Ledger, Writer},
    metrics::Metrics,
    monotonic::{MonotonicClock, SystemMonotonicClock},
    plan::DefaultPlan,
    rate_limit::RateLimiter,
    routes::RoutesBuilder,
};

/// The edge of the product; its routes are those of all services behind it.
pub struct GatewayService;

impl Service for GatewayService {
    const NAME: &'static str = "gateway";
    const DESCRIPTION: &'static str = "The edge: authenticates, limits, meters and routes";

    type Config = Config;
    type Offer = ();

    /// None: what it serves by itself are pages, not operations of the API.
    fn operations() -> Vec<Operation> {
        Vec::new()
    }

    fn schemas() -> Schemas {
        &[(Self::NAME, MIGRATIONS)]
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<()>, BuildError> {
        Self::build_with(config, platform, Arc::new(SystemMonotonicClock::start())).await
    }
}

impl GatewayService {
    /// Builds it with another source of the time that rates are measured with.
    pub async fn build_with(
        config: Config,
        platform: &Platform,
        monotonic: Arc<dyn MonotonicClock>,
    ) -> Result<Parts<()>, BuildError> {
        config.validate().map_err(Error::from)?;
        let metrics = Metrics::declare(&platform.metrics)?;
        let mut routes = RoutesBuilder::default();
        for upstream in &platform.peers.upstreams {
            routes.add(upstream.service, &upstream.operations, &upstream.router, &metrics)?;
        }
        routes.add(Self::NAME, &docs::operations(), &docs::router(&platform.peers.upstreams)?, &metrics)?;
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let (ledger, writer) = Ledger::open(
            database,
            Arc::clone(&platform.clock),
            config.ledger_queue_max,
            metrics.ledger_transactions.clone(),
        );
        let edge = Edge {
            routes: routes.build()?,
            verifier: platform.peers.verifier()?,
            ledger,
            plan: DefaultPlan::new(config.plan, config.caller_rate.into()),
            callers: RateLimiter::new(config.caller_rate.into(), config.rate_entries_max),
            networks: RateLimiter::new(config.address_rate.into(), config.rate_entries_max),
            failures: RateLimiter::new(config.failed_authentication_rate.into(), config.rate_entries_max),
            on_ledger_loss: config.on_ledger_loss,
            clock: Arc::clone(&platform.clock),
            monotonic,
            metrics,
        };
        let http =
            Router::new().fallback(edge::answer).with_state(Arc::new(edge)).layer(from_fn(finish_answers));
        Ok(Parts {
            offer: (),
            http,
            tasks: vec![write_ledger(writer)],
            outbox: None,
            listens: Vec::new(),
            jobs: Vec::new(),
            readiness: Vec::new(),
        })
    }
}

/// The ledger's writer; a restart goes on with whatever waits.
fn write_ledger(writer: Writer) -> Task {
    let writer = Arc::new(Mutex::new(writer));
    Task::new("write_quota_ledger", TaskKind::Restart, move |stop| {
        let writer = Arc::clone(&writer);
        async move {
            writer.lock().await.run(&stop).await;
            Ok(())
        }
    })
}
