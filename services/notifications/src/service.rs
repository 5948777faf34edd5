//! Wires the service: the only place that does.

use std::sync::Arc;

use tokio::sync::Mutex;

use prosopa_contract::{events::JOB_EVENTS, mailer::Mailer};
use prosopa_events::Subscription;
use prosopa_http::Operation;
use prosopa_jobs::{Jobs, Setup};
use prosopa_runtime::{BuildError, Listening, Parts, Platform, Schemas, Service, Task, TaskKind};
use prosopa_store::{Migration, migration};

use crate::{
    config::Config,
    events::JobProjection,
    followers::{Followers, Tail},
    http::{self, State},
    mails::{self, Mails, NoteEnds, Sender, Transport},
    metrics::Metrics,
    sweep::Sweep,
};

/// The schema, in order.
const MIGRATIONS: &[Migration] = &[
    migration!("0001_jobs"),
    prosopa_events::MIGRATION,
    prosopa_events::REPLAY_MIGRATION,
    migration!("0002_job_age"),
    migration!("0003_listed_jobs"),
    prosopa_jobs::MIGRATION,
    migration!("0004_mails"),
    migration!("0005_job_changes"),
];

/// The services that have jobs.
const PRODUCERS: &[&str] = &["detection"];

/// Mail, and the list of all jobs.
pub struct NotificationsService;

impl Service for NotificationsService {
    const NAME: &'static str = "notifications";
    const DESCRIPTION: &'static str = "All jobs of an account";

    type Config = Config;
    type Offer = Arc<dyn Mailer>;

    fn operations() -> Vec<Operation> {
        http::endpoints().into_operations()
    }

    fn schemas() -> Schemas {
        &[(Self::NAME, MIGRATIONS)]
    }

    async fn build(config: Config, platform: &Platform) -> Result<Parts<Self::Offer>, BuildError> {
        config.validate()?;
        let database = platform.database(Self::NAME, MIGRATIONS).await?;
        let (followers, listed) = (Arc::new(Followers::new()), database.bell("jobs_listed"));
        let tail = Tail::begin(database.clone(), Arc::clone(&followers), listed.clone()).await?;
        let subscription = Subscription {
            name: "jobs-projection",
            topics: &[JOB_EVENTS],
            handler: Arc::new(JobProjection { listed }),
        };
        let jobs = Jobs::new(Setup {
            service: Self::NAME,
            database: database.clone(),
            clock: Arc::clone(&platform.clock),
            metrics: &platform.metrics,
            kinds: &[mails::KIND],
            schedules: &[],
            hook: Some(Arc::new(NoteEnds)),
        })?;
        let metrics = Metrics::declare(&platform.metrics)?;
        let sender = Sender {
            database: database.clone(),
            keyring: platform.keyring.clone(),
            clock: Arc::clone(&platform.clock),
            metrics: metrics.clone(),
            transport: Transport::new(&config.mail, &platform.data_dir)?,
            from: config.mail.sender()?,
            public_url: config.mail.public_url.clone(),
        };
        let worker = sender.into_worker(jobs.clone())?;
        let mails = Mails {
            database: database.clone(),
            jobs,
            keyring: platform.keyring.clone(),
            clock: Arc::clone(&platform.clock),
            metrics,
        };
        let sweep = Sweep { database: database.clone(), clock: Arc::clone(&platform.clock), config };
        let sweep = Task::new("notifications_sweep", TaskKind::Restart, move |stop| sweep.clone().run(stop));
        Ok(Parts {
            offer: Arc::new(mails),
            http: http::endpoints().into_router(State {
                database: database.clone(),
                followers,
                shutdown: platform.shutdown.clone(),
            }),
            tasks: vec![sweep, tell_followers(tail)],
            outbox: None,
            listens: vec![Listening { subscription, producers: PRODUCERS, database }],
            jobs: vec![("notifications_mails", worker)],
            readiness: Vec::new(),
        })
    }
}

/// Tells what changes; a restart goes on where it was.
fn tell_followers(tail: Tail) -> Task {
    let tail = Arc::new(Mutex::new(tail));
    Task::new("tell_job_followers", TaskKind::Restart, move |stop| {
        let tail = Arc::clone(&tail);
        async move { tail.lock().await.run(&stop).await }
    })
}
