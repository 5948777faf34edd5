//! Wires the service: the only place that does.

use std::sync::Arc;

use prosopa_contract::events::JOB_EVENTS;
use prosopa_events::Subscription;
use prosopa_http::Operation;
use prosopa_runtime::{BuildError, Listening, Parts, Platform, Schemas, Service, Task, TaskKind};
use prosopa_store::{Migration, migration};

use crate::{config::Config, events::JobProjection, http, sweep::Sweep};

/// The schema, in order.
const MIGRATIONS: &[Migration] = &[
    migration!("0001_jobs"),
    prosopa_events::MIGRATION,
    prosopa_events::REPLAY_MIGRATION,
    migration!("0002_job_age"),
];

/// The services that have jobs.
const PRODUCERS: &[&str] = &["detection"];

/// The list of all jobs.
pub struct NotificationsService;

impl Service for NotificationsService {
    const NAME: &'static str = "notifications";
    const DESCRIPTION: &'static str = "All jobs of an account";

    type Config = Config;
    type Offer = ();

    fn operations() -> Vec<Operation> {
        http::endpoints().into_operations()
    }

    fn schemas() -> Schemas {
        &[(Self::NAME, MIGRATIONS)]
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<()>, BuildError> {
        config.validate()?;
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let subscription =
            Subscription { name: "jobs-projection", topics: &[JOB_EVENTS], handler: Arc::new(JobProjection) };
        let sweep = Sweep { database: database.clone(), clock: Arc::clone(&platform.clock), config };
        let sweep = Task::new("notifications_sweep", TaskKind::Restart, move |stop| sweep.clone().run(stop));
        Ok(Parts {
            offer: (),
            http: http::endpoints().into_router(database.clone()),
            tasks: vec![sweep],
            outbox: None,
            listens: vec![Listening { subscription, producers: PRODUCERS, database }],
            jobs: Vec::new(),
            readiness: Vec::new(),
        })
    }
}
