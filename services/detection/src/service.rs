//! Wires the service: the only place that does.

use std::sync::Arc;

use prosopa_events::{Outbox, Subscription};
use prosopa_http::Operation;
use prosopa_jobs::{Jobs, Setup};
use prosopa_runtime::{
    BuildError, JobEvents, Listening, Parts, Platform, Readiness, Schemas, Service, Task, TaskKind,
};
use prosopa_store::{Migration, idempotency, migration};
use prosopa_vault::{BlobError, BlobStore, Vault};

use crate::{
    budget::ByteBudget,
    config::Config,
    erasures::{self, DeletedAccounts},
    fetching::Fetcher,
    http, jobs,
    metrics::Metrics,
    models::Models,
    retention,
    state::State,
    sweep,
};

/// The schema, in order.
const MIGRATIONS: &[Migration] = &[
    migration!("0001_images"),
    migration!("0002_detections"),
    prosopa_jobs::MIGRATION,
    migration!("0003_awaited_images"),
    prosopa_events::MIGRATION,
    idempotency::MIGRATION,
    prosopa_events::REPLAY_MIGRATION,
    migration!("0004_subjects"),
    prosopa_events::RELAY_MIGRATION,
    migration!("0005_uploads"),
    migration!("0006_matches"),
    migration!("0007_documents"),
];

/// The database of the subjects' keys: apart, so that its backups may be short-lived.
const KEYS: &str = "detection_keys";

/// Pictures and the faces in them.
pub struct DetectionService;

impl Service for DetectionService {
    const NAME: &'static str = "detection";
    const DESCRIPTION: &'static str = "Pictures and the faces in them";

    type Config = Config;
    type Offer = ();

    fn operations() -> Vec<Operation> {
        http::endpoints().into_operations()
    }

    fn schemas() -> Schemas {
        &[(Self::NAME, MIGRATIONS), (KEYS, prosopa_vault::MIGRATIONS)]
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<()>, BuildError> {
        config.validate()?;
        let budget = ByteBudget::new(config.picture_bytes_max);
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let (keys, clock) =
            (platform.database(KEYS, prosopa_vault::MIGRATIONS).await?, Arc::clone(&platform.clock));
        let blobs = platform.blobs(Self::NAME).leaving_free(config.free_disk_bytes_min);
        require_blobs(&blobs).await?;
        let vault = Vault::build(keys, platform.keyring.clone(), blobs.clone(), clock).await?;
        let outbox = Outbox::new(Self::NAME, database.clone(), Arc::clone(&platform.clock));
        let jobs = Jobs::new(Setup {
            service: Self::NAME,
            database: database.clone(),
            clock: Arc::clone(&platform.clock),
            metrics: &platform.metrics,
            kinds: jobs::KINDS,
            schedules: &[],
            hook: Some(Arc::new(JobEvents::new(outbox.clone(), http::JOBS_PATH))),
        })?;
        let engine = platform.peers.engine()?;
        let state = State {
            fetcher: Fetcher::new(&config.image_url_hosts)?,
            config: Arc::new(config),
            database,
            blobs,
            budget,
            jobs,
            outbox: outbox.clone(),
            keyring: platform.keyring.clone(),
            vault,
            models: Models::new(Arc::clone(&engine), Arc::clone(&platform.clock)),
            engine,
            accounts: platform.peers.accounts()?,
            clock: Arc::clone(&platform.clock),
            metrics: Metrics::declare(&platform.metrics)?,
        };
        let worker = jobs::worker(&state)?;
        let readiness = vec![blobs_readiness(&state)];
        let listener = state.clone();
        let http = http::endpoints().into_router(state.clone());
        let due = state.clone();
        let retention = Task::new("detection_retention", TaskKind::Restart, move |stop| {
            retention::run(due.clone(), stop)
        });
        let sweep =
            Task::new("detection_sweep", TaskKind::Restart, move |stop| sweep::run(state.clone(), stop));
        Ok(Parts {
            offer: (),
            http,
            tasks: vec![sweep, retention],
            outbox: Some(outbox),
            listens: vec![deleted_accounts(&listener)],
            jobs: vec![("detection_jobs", worker)],
            readiness,
        })
    }
}

/// What refuses is a mistake that an operator must hear of; what cannot be reached may come back, and readiness tells.
async fn require_blobs(blobs: &BlobStore) -> Result<(), BlobError> {
    match blobs.check().await {
        Err(error @ BlobError::Refused(_)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "pictures can neither be kept nor given back until their place can be used");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn blobs_readiness(state: &State) -> Readiness {
    let blobs = state.blobs.clone();
    Readiness::new("blobs", move || {
        let blobs = blobs.clone();
        async move { blobs.check().await.map_err(|error| error.to_string()) }
    })
}

/// Accounts that are gone are erased here too.
fn deleted_accounts(state: &State) -> Listening {
    let handler = DeletedAccounts { jobs: state.jobs.clone(), clock: Arc::clone(&state.clock) };
    Listening {
        subscription: Subscription {
            name: "deleted_accounts",
            topics: erasures::TOPICS,
            handler: Arc::new(handler),
        },
        producers: &["auth"],
        database: state.database.clone(),
    }
}
