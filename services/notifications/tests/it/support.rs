//! The service over a throw-away platform, and a service that has jobs.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use http::Request;
use serde_json::Value;

use prosopa_contract::{events::JobChanged, mailer::Mailer};
use prosopa_events::{
    Delivery, Handler, HandlerError, Letters, Outbox, Runner, RunnerConfig, RunnerMetrics, Subscription,
    request_replay,
};
use prosopa_model::{AccountId, Clock, JobId};
use prosopa_notifications::{Config, NotificationsService};
use prosopa_runtime::{Host, ListenerOptions, Listeners, Parts, Platform, Service};
use prosopa_store::{Database, Tx};
use prosopa_telemetry::Metrics;
use prosopa_testkit::{ManualClock, TestPlatform, principal_of, send};

pub(crate) struct Notifications {
    pub(crate) test: TestPlatform,
    pub(crate) account: AccountId,
    parts: Parts<Arc<dyn Mailer>>,
    subscription: Subscription,
    gate: Arc<Gate>,
    /// Where jobs are, and what says how they stand.
    producer: Database,
    outbox: Outbox,
    metrics: RunnerMetrics,
}

/// The service's handler, which a test can keep from hearing.
struct Gate {
    handler: Arc<dyn Handler>,
    is_closed: AtomicBool,
}

#[async_trait]
impl Handler for Gate {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(HandlerError::Poison("not heard".into()));
        }
        self.handler.handle(tx, event).await
    }
}

impl Notifications {
    pub(crate) async fn start() -> Self {
        let test = TestPlatform::new();
        let migrations = &[prosopa_events::MIGRATION, prosopa_events::REPLAY_MIGRATION];
        let producer = Database::open(&test.home.options("detection"), migrations).await.unwrap();
        let outbox = Outbox::new("detection", producer.clone(), Arc::<ManualClock>::clone(&test.clock));
        let parts = build(&test.platform).await;
        let heard = &parts.listens[0].subscription;
        let gate = Arc::new(Gate { handler: Arc::clone(&heard.handler), is_closed: AtomicBool::new(false) });
        let subscription =
            Subscription { handler: Arc::<Gate>::clone(&gate) as Arc<dyn Handler>, ..heard.clone() };
        let metrics = RunnerMetrics::declare(&Metrics::new()).unwrap();
        Self { test, account: AccountId::new(), parts, subscription, gate, producer, outbox, metrics }
    }

    /// Says, in one transaction, that jobs stand so now; what is said reaches the service.
    pub(crate) async fn say(&self, jobs: &[JobId], status: &str) {
        self.say_of(self.account, jobs, status).await;
    }

    /// The same of another account's jobs.
    pub(crate) async fn say_of(&self, account: AccountId, jobs: &[JobId], status: &str) {
        self.publish(account, jobs, status).await;
        self.hear_as(&self.subscription, &self.parts.listens[0].database).await;
    }

    /// Says it, and nobody hears it yet.
    pub(crate) async fn publish(&self, account: AccountId, jobs: &[JobId], status: &str) {
        let now = self.test.clock.now().micros();
        let mut tx = self.producer.begin().await.unwrap();
        for job_id in jobs {
            let event = JobChanged {
                job_id: job_id.to_string(),
                account_id: account.to_string(),
                service: "detection".into(),
                kind: "detect-faces".into(),
                class: "normal".into(),
                status: status.into(),
                phase: status.into(),
                created_at_us: now,
                changed_at_us: now,
                ..JobChanged::default()
            };
            self.outbox.publish(&mut tx, &event).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Says something that the service cannot use and puts aside.
    pub(crate) async fn say_in_vain(&self, job: JobId, status: &str) {
        self.gate.is_closed.store(true, Ordering::Relaxed);
        self.say(&[job], status).await;
        self.gate.is_closed.store(false, Ordering::Relaxed);
    }

    /// Lets the service hear what it put aside; gives back how much that was.
    pub(crate) async fn replay(&self) -> u64 {
        let (database, name) = (&self.parts.listens[0].database, self.subscription.name);
        let asked = request_replay(database, name, Letters::All, 100, self.test.clock.now()).await.unwrap();
        self.hear_as(&self.subscription, database).await;
        asked
    }

    /// Lets a process hear, by its subscription and database, what was said.
    pub(crate) async fn hear_as(&self, subscription: &Subscription, database: &Database) {
        let mut runner = Runner::new(
            subscription.clone(),
            self.outbox.service(),
            self.outbox.source(),
            database.clone(),
            Arc::<ManualClock>::clone(&self.test.clock),
            RunnerConfig::default(),
            self.metrics.clone(),
        );
        runner.run_pending().await.unwrap();
    }

    /// Lets another process with this configuration sweep until so many jobs are left.
    pub(crate) async fn sweep(&self, config: Config, left: usize) {
        let platform = self.test.home.platform(Arc::<ManualClock>::clone(&self.test.clock));
        let parts = NotificationsService::build(config, &platform).await.unwrap();
        let mut host = Host::new(platform.clone());
        let (_, router) = host.adopt(parts);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any, any).await.unwrap();
        let host = tokio::spawn(async move { host.run(listeners, router, ListenerOptions::default()).await });
        while self.list().await.len() > left {
            tokio::task::yield_now().await;
        }
        platform.shutdown.cancel();
        host.await.unwrap().unwrap();
    }

    /// The first page of the account's jobs: id and status.
    pub(crate) async fn list(&self) -> Vec<(String, String)> {
        list(&self.parts.http, self.account).await
    }
}

/// The service as it is by default.
pub(crate) async fn build(platform: &Platform) -> Parts<Arc<dyn Mailer>> {
    NotificationsService::build(Config::default(), platform).await.unwrap()
}

/// The first page of an account's jobs: id and status.
pub(crate) async fn list(router: &Router, account: AccountId) -> Vec<(String, String)> {
    let mut request = Request::get("/api/v1/jobs?limit=200").body(Body::empty()).unwrap();
    request.extensions_mut().insert(principal_of(account));
    let page = send(router, request).await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| (text(&item["id"]), text(&item["status"]))).collect()
}

/// What a list says of one job.
pub(crate) fn line(job: JobId, status: &str) -> (String, String) {
    (job.to_string(), status.to_owned())
}
