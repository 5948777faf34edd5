//! Wires the service: the only place that does.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use prosopa_contract::events::JOB_EVENTS;
use prosopa_events::Subscription;
use prosopa_http::Operation;
use prosopa_runtime::{BuildError, Listening, Parts, Platform, Schemas, Service};
use prosopa_store::{Migration, migration};

use crate::{events::JobProjection, http};

/// The schema, in order.
const MIGRATIONS: &[Migration] = &[migration!("0001_jobs"), prosopa_events::MIGRATION];

/// The services that have jobs.
const PRODUCERS: &[&str] = &["detection"];

/// The section `notifications` of the configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

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

    async fn build(_: Config, platform: &Platform) -> Result<Parts<()>, BuildError> {
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let subscription =
            Subscription { name: "jobs-projection", topics: &[JOB_EVENTS], handler: Arc::new(JobProjection) };
        Ok(Parts {
            offer: (),
            http: http::endpoints().into_router(database.clone()),
            tasks: Vec::new(),
            outbox: None,
            listens: vec![Listening { subscription, producers: PRODUCERS, database }],
            jobs: Vec::new(),
            readiness: Vec::new(),
        })
    }
}
