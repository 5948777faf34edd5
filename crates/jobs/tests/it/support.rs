//! One database, a clock set by hand, and as many processes on it as a test wants.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use prosopa_jobs::{
    Backoff, ChangeHook, Handler, JobContext, JobKind, JobRow, Jobs, NewJob, Outcome, Recurrence, Schedule,
    Setup, Stop, Worker, WorkerConfig,
};
use prosopa_model::{AccountId, JobId};
use prosopa_store::{Database, Migration, Tx, affected, on_db, query, query_scalar};
use prosopa_telemetry::Metrics;
use prosopa_testkit::{ManualClock, TestHome};

/// Longer than any lease.
pub(crate) const LEASE_OVER: Duration = Duration::from_secs(31);

/// What jobs do in these tests: a row each time.
const EFFECTS: Migration = Migration {
    name: "effects",
    sqlite: "CREATE TABLE effects (job_id BLOB NOT NULL, what TEXT NOT NULL) STRICT",
    postgres: "CREATE TABLE effects (job_id UUID NOT NULL, what TEXT NOT NULL)",
};

pub(crate) const WORK: JobKind = JobKind {
    attempts_max: 3,
    backoff: Backoff { base: Duration::from_secs(10), longest: Duration::from_secs(60) },
    ..JobKind::new("work")
};

/// Like [`WORK`], but its input is gone with its end.
pub(crate) const SECRET: JobKind = JobKind { name: "secret", forgets_input: true, ..WORK };

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: AccountId,
    home: Arc<TestHome>,
}

/// What one process has.
pub(crate) struct Process {
    pub(crate) jobs: Jobs,
    pub(crate) metrics: Metrics,
}

impl World {
    pub(crate) async fn new() -> Self {
        let home = Arc::new(TestHome::new());
        let database =
            Database::open(&home.options("test"), &[prosopa_jobs::MIGRATION, EFFECTS]).await.unwrap();
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        Self { database, clock, account: AccountId::new(), home }
    }

    /// The same database with connections of another process's own.
    pub(crate) async fn elsewhere(&self) -> Self {
        let database =
            Database::open(&self.home.options("test"), &[prosopa_jobs::MIGRATION, EFFECTS]).await.unwrap();
        let (clock, home) = (Arc::clone(&self.clock), Arc::clone(&self.home));
        Self { database, clock, account: self.account, home }
    }

    pub(crate) fn process(&self) -> Process {
        self.process_with(&[], None)
    }

    pub(crate) fn process_with(&self, schedules: &[Schedule], hook: Option<Arc<dyn ChangeHook>>) -> Process {
        let metrics = Metrics::new();
        let setup = Setup {
            service: "test",
            database: self.database.clone(),
            clock: Arc::<ManualClock>::clone(&self.clock),
            metrics: &metrics,
            kinds: &[WORK, SECRET, JobKind::new("sweep")],
            schedules,
            hook,
        };
        Process { jobs: Jobs::new(setup).unwrap(), metrics }
    }

    /// Enqueues a job of the account.
    pub(crate) async fn enqueue(&self, jobs: &Jobs) -> JobId {
        self.enqueue_as(jobs, NewJob::new("work", Vec::new())).await
    }

    pub(crate) async fn enqueue_as(&self, jobs: &Jobs, new: NewJob) -> JobId {
        let mut tx = self.database.begin().await.unwrap();
        let row = jobs.enqueue(&mut tx, new.account(self.account)).await.unwrap();
        tx.commit().await.unwrap();
        row.id
    }

    /// What a job was enqueued with, as it lies there now.
    pub(crate) async fn input(&self, id: JobId) -> Vec<u8> {
        let mut connection = self.database.read().await.unwrap();
        let sql = "SELECT input FROM jobs WHERE id = $1";
        on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_one(c).await).unwrap()
    }

    /// How often a job had this effect.
    pub(crate) async fn effects(&self, id: JobId, what: &str) -> i64 {
        let mut connection = self.database.read().await.unwrap();
        let sql = "SELECT count(*) FROM effects WHERE job_id = $1 AND what = $2";
        on_db!(connection, c => query_scalar(sql).bind(id.uuid()).bind(what).fetch_one(c).await).unwrap()
    }
}

impl Process {
    pub(crate) fn worker(&self, handler: Arc<dyn Handler>) -> Worker {
        self.worker_of(16, 0, handler)
    }

    pub(crate) fn worker_of(&self, concurrency: usize, reserved: usize, handler: Arc<dyn Handler>) -> Worker {
        let config = WorkerConfig {
            concurrency,
            reserved_for_interactive: reserved,
            drain: Duration::ZERO,
            ..WorkerConfig::default()
        };
        let handlers = [("work", Arc::clone(&handler)), ("secret", handler)];
        Worker::new(self.jobs.clone(), config, handlers).unwrap()
    }

    pub(crate) async fn find(&self, id: JobId) -> JobRow {
        self.jobs.find(id).await.unwrap().unwrap()
    }

    /// Status, phase and attempts, for short assertions.
    pub(crate) async fn state(&self, id: JobId) -> (&'static str, String, u64) {
        let row = self.find(id).await;
        (row.status.as_str(), row.phase, row.attempts)
    }

    /// A counter or gauge as it is rendered.
    pub(crate) fn metric(&self, line: &str) -> Option<String> {
        let text = self.metrics.render();
        text.lines().find_map(|found| found.strip_prefix(line).map(|value| value.trim().to_owned()))
    }
}

pub(crate) type Run<'a> = BoxFuture<'a, Result<Outcome, Stop>>;

struct Script<F>(F);

#[async_trait]
impl<F> Handler for Script<F>
where
    F: for<'a> Fn(&'a JobContext) -> Run<'a> + Send + Sync + 'static,
{
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        (self.0)(ctx).await
    }
}

/// A handler made of a closure.
pub(crate) fn handler<F>(script: F) -> Arc<dyn Handler>
where
    F: for<'a> Fn(&'a JobContext) -> Run<'a> + Send + Sync + 'static,
{
    Arc::new(Script(script))
}

/// Completes every job without an effect.
pub(crate) fn nothing() -> Arc<dyn Handler> {
    handler(|_| Box::pin(async { Ok(Outcome::Completed(None)) }))
}

/// Ends every job like this.
pub(crate) fn ends_with(outcome: Outcome) -> Arc<dyn Handler> {
    handler(move |_| {
        let outcome = outcome.clone();
        Box::pin(async move { Ok(outcome) })
    })
}

/// Says that it runs, and goes on when it may.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) reached: Arc<Notify>,
    pub(crate) open: Arc<Notify>,
}

impl Gate {
    pub(crate) async fn pass(&self) {
        self.reached.notify_one();
        self.open.notified().await;
    }
}

pub(crate) async fn record(tx: &mut Tx, id: JobId, what: &str) -> Result<(), prosopa_store::Error> {
    let sql = "INSERT INTO effects (job_id, what) VALUES ($1, $2)";
    on_db!(tx, c => query(sql).bind(id.uuid()).bind(what).execute(c).await.map(affected))?;
    Ok(())
}

/// The effect and the end in one transaction.
pub(crate) async fn complete(database: &Database, ctx: &JobContext, what: &str) -> Result<Outcome, Stop> {
    let mut tx = database.begin().await?;
    record(&mut tx, ctx.id(), what).await?;
    let outcome = ctx.complete_in(&mut tx, Some(what.into())).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Two steps and an effect; counts how often each step ran.
pub(crate) async fn two_steps(
    database: &Database,
    ctx: &JobContext,
    runs: &[AtomicU32; 2],
) -> Result<Outcome, Stop> {
    for (index, name) in ["first", "second"].into_iter().enumerate() {
        let output = ctx
            .step(name, [7; 32], 1, || async {
                runs[index].fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(name.as_bytes().to_vec().into())
            })
            .await?;
        assert_eq!(output, name.as_bytes());
    }
    complete(database, ctx, "done").await
}

/// Polls a future so often, then never again, and says so.
pub(crate) async fn dying_after<T>(polls: usize, dead: &Notify, inner: impl Future<Output = T>) -> T {
    let mut inner = pin!(inner);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            dead.notify_one();
            return Poll::Pending;
        }
        left -= 1;
        inner.as_mut().poll(cx)
    })
    .await
}

pub(crate) const EVERY_MINUTE: Schedule =
    Schedule { name: "sweep", kind: "sweep", recurrence: Recurrence::every(Duration::from_secs(60)) };
