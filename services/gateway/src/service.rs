//! The gateway as its host sees it: the only place where its parts are wired.

use std::{path::PathBuf, sync::Arc};

use axum::{Router, middleware::from_fn};
use tokio::sync::Mutex;
use uuid::Uuid;

use prosopa_events::Outbox;
use prosopa_http::{Operation, Section, finish_answers};
use prosopa_runtime::{BuildError, Parts, Platform, Schemas, Service, Task, TaskKind};
use prosopa_store::Database;

use crate::{
    Config, MIGRATIONS,
    csrf::Sites,
    docs,
    edge::{self, Edge},
    error::Error,
    front::Front,
    http::{self, State},
    ledger::{Ledger, Writer},
    metrics::{Metrics, SpoolMetrics},
    monotonic::{MonotonicClock, SystemMonotonicClock},
    nonces::{NonceWriter, Nonces, SharedNonces},
    plans::{Known, Plan, PlanBook},
    rates::{Rates, Sharing},
    routes::RoutesBuilder,
    signatures::Signatures,
    site::Site,
    upstream::Upstream,
    usage::{Sampling, Shipper, Spool},
};

/// Where the spools lie in the data folder.
const USAGE_FOLDER: &str = "usage";

/// The edge of the product; its routes are those of all services behind it.
pub struct GatewayService;

impl Service for GatewayService {
    const NAME: &'static str = "gateway";
    const DESCRIPTION: &'static str = "The edge: authenticates, limits, meters and routes";

    type Config = Config;
    type Offer = ();

    fn operations() -> Vec<Operation> {
        http::endpoints().into_operations()
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
        let mut tasks = Vec::new();
        for upstream in &platform.peers.upstreams {
            let answers = Upstream::new(
                upstream.service,
                &upstream.backend,
                &config.upstream,
                platform,
                &monotonic,
                &metrics.upstreams,
            )?;
            routes.add(upstream.service, &upstream.operations, &answers, &metrics)?;
            tasks.extend(tend_connections(answers));
        }
        let own = http::endpoints();
        let operations = Self::operations();
        let section =
            Section { service: Self::NAME, description: Self::DESCRIPTION, operations: &operations };
        let pages = docs::router(&platform.peers.upstreams, section)?;
        let front = Front::new(&config);
        let site = config.static_dir.clone().map(open_site).transpose()?;
        let operations_of_pages = docs::operations(site.is_some());
        routes.add(Self::NAME, &operations_of_pages, &Upstream::Mounted(pages), &metrics)?;
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let rate = config.caller_rate.into();
        let default = Plan::of_config(config.plan, rate, config.on_ledger_loss);
        let book = PlanBook::open(database.clone(), default, rate).await.map_err(Error::Plans)?;
        let book = Arc::new(book);
        let known = Arc::new(Known { operations: Some(routes.metered()), rate });
        let (state_book, clock) = (Arc::clone(&book), Arc::clone(&platform.clock));
        let state = State { database: database.clone(), book: state_book, known, clock };
        routes.add(Self::NAME, &operations, &Upstream::Mounted(own.into_router(state)), &metrics)?;
        let outbox = Outbox::new(Self::NAME, database.clone(), Arc::clone(&platform.clock));
        let (usage, shipper) =
            begin_usage(config.usage_spool_bytes_max, platform, &database, &outbox, &metrics.usage)?;
        let (nonces, nonce_writer) = Nonces::open(database.clone(), Arc::clone(&platform.clock));
        let nonces = SharedNonces::new(nonces, platform.redis.clone(), Arc::clone(&platform.clock));
        let sharing = Sharing {
            redis: platform.redis.clone(),
            gateways: config.replicas,
            entries_max: config.rate_entries_max,
        };
        let signatures = Signatures {
            keys: platform.peers.client_keys.clone(),
            nonces,
            clock: Arc::clone(&platform.clock),
            outcomes: metrics.signatures.clone(),
        };
        let (ledger, writer) = Ledger::open(
            database,
            Arc::clone(&platform.clock),
            config.ledger_queue_max,
            metrics.ledger_transactions.clone(),
        );
        let edge = Edge {
            routes: routes.build()?,
            verifier: platform.peers.verifier()?,
            signatures,
            sites: Sites::new(&config.browser_origins),
            front,
            site,
            readers: Rates::new("rate_of_readers", config.static_rate.into(), &sharing),
            ledger,
            plans: Arc::clone(&book),
            callers: Rates::new("rate_of_callers", rate, &sharing),
            networks: Rates::new("rate_of_networks", config.address_rate.into(), &sharing),
            failures: Rates::new("rate_of_failures", config.failed_authentication_rate.into(), &sharing),
            usage,
            sampling: Sampling::new(&config.request_log),
            clock: Arc::clone(&platform.clock),
            monotonic,
            metrics,
        };
        tasks.extend([
            write_ledger(writer),
            watch_plans(book),
            write_nonces(nonce_writer),
            publish_usage(shipper),
        ]);
        let http =
            Router::new().fallback(edge::answer).with_state(Arc::new(edge)).layer(from_fn(finish_answers));
        Ok(Parts {
            offer: (),
            http,
            tasks,
            outbox: Some(outbox),
            listens: Vec::new(),
            jobs: Vec::new(),
            readiness: Vec::new(),
        })
    }
}

/// The web application below a folder.
fn open_site(folder: PathBuf) -> Result<Site, Error> {
    if folder.is_dir() { Ok(Site::new(folder)) } else { Err(Error::StaticFolder(folder)) }
}

/// The spool of this run, and who publishes it and those before.
fn begin_usage(
    bytes_max: u64,
    platform: &Platform,
    database: &Database,
    outbox: &Outbox,
    metrics: &SpoolMetrics,
) -> Result<(Spool, Shipper), Error> {
    let (parent, id) = (platform.data_dir.join(USAGE_FOLDER), Uuid::now_v7());
    let spool = Spool::begin(&parent, id, bytes_max, metrics.clone());
    let spool = spool.map_err(Error::Usage)?;
    let shipper = Shipper::new(
        database.clone(),
        outbox.clone(),
        Arc::clone(&platform.clock),
        metrics.clone(),
        parent,
        (spool.clone(), id),
    );
    Ok((spool, shipper))
}

/// Tells others what was asked and answered.
fn publish_usage(shipper: Shipper) -> Task {
    let shipper = Arc::new(shipper);
    Task::new("publish_usage", TaskKind::Restart, move |stop| {
        let shipper = Arc::clone(&shipper);
        async move { Ok(shipper.run(&stop).await?) }
    })
}

/// Looks after the connections to a service in another process.
fn tend_connections(upstream: Upstream) -> Option<Task> {
    matches!(upstream, Upstream::Remote(_)).then(|| {
        Task::new("tend_upstream_connections", TaskKind::Restart, move |stop| {
            let upstream = upstream.clone();
            async move {
                upstream.tend(&stop).await;
                Ok(())
            }
        })
    })
}

/// Hears what other processes change.
fn watch_plans(book: Arc<PlanBook>) -> Task {
    Task::new("watch_quota_plans", TaskKind::Restart, move |stop| {
        let book = Arc::clone(&book);
        async move {
            book.watch(stop).await;
            Ok(())
        }
    })
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

/// The writer of nonces; a restart goes on with whatever waits.
fn write_nonces(writer: NonceWriter) -> Task {
    let writer = Arc::new(Mutex::new(writer));
    Task::new("write_nonces", TaskKind::Restart, move |stop| {
        let writer = Arc::clone(&writer);
        async move {
            writer.lock().await.run(&stop).await;
            Ok(())
        }
    })
}
