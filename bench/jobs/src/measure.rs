//! One measurement: a backend, callers that enqueue, a worker that works.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use prosopa_jobs::{
    Handler, JobContext, JobKind, JobStatus, Jobs, NewJob, Outcome, Setup, Stop, Worker, WorkerConfig,
};
use prosopa_model::SystemClock;
use prosopa_store::{Database, Options};
use prosopa_telemetry::Metrics;

const KIND: JobKind = JobKind::new("empty");
const JOBS: usize = 10_000;
const CALLERS: usize = 16;
const ROUNDS: usize = 3;

struct Nothing;

#[async_trait]
impl Handler for Nothing {
    async fn run(&self, _: &JobContext) -> Result<Outcome, Stop> {
        Ok(Outcome::Completed(None))
    }
}

/// Prints the row of one backend.
pub(crate) async fn measure(name: &str, options: Options) {
    let database = Database::open(&options, &[prosopa_jobs::MIGRATION]).await.unwrap();
    let jobs = Jobs::new(Setup {
        service: "bench",
        database: database.clone(),
        clock: Arc::new(SystemClock),
        metrics: &Metrics::new(),
        kinds: &[KIND],
        schedules: &[],
        hook: None,
    })
    .unwrap();
    let config = WorkerConfig { concurrency: 128, ..WorkerConfig::default() };
    let worker = Worker::new(jobs.clone(), config, [(KIND.name, Arc::new(Nothing) as Arc<dyn Handler>)]);
    let (worker, stop) = (worker.unwrap(), CancellationToken::new());
    let stopped = stop.clone();
    let working = tokio::spawn(async move { worker.run(stopped).await });
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(round(&database, &jobs).await);
    }
    rates.sort_by(f64::total_cmp);
    let alone = alone(&database, &jobs).await;
    println!("| {name} | {:.0} | {:.1} ms |", rates[ROUNDS / 2], alone.as_secs_f64() * 1e3);
    stop.cancel();
    working.await.unwrap().unwrap();
}

/// Jobs a second.
async fn round(database: &Database, jobs: &Jobs) -> f64 {
    let began = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let (database, jobs) = (database.clone(), jobs.clone());
        tokio::spawn(async move {
            for _ in 0..JOBS / CALLERS {
                enqueue(&database, &jobs).await;
            }
            enqueue(&database, &jobs).await
        })
    });
    let last: Vec<_> = join_all(callers).await.into_iter().map(Result::unwrap).collect();
    for id in last {
        let ended = jobs.wait(id, Duration::from_secs(60)).await.unwrap().unwrap();
        assert_eq!(ended.status, JobStatus::Completed);
    }
    (JOBS + CALLERS) as f64 / began.elapsed().as_secs_f64()
}

async fn enqueue(database: &Database, jobs: &Jobs) -> prosopa_model::JobId {
    let mut tx = database.begin().await.unwrap();
    let row = jobs.enqueue(&mut tx, NewJob::new(KIND.name, Vec::new())).await.unwrap();
    tx.commit().await.unwrap();
    row.id
}

/// Median of one job after the other.
async fn alone(database: &Database, jobs: &Jobs) -> Duration {
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        let id = enqueue(database, jobs).await;
        jobs.wait(id, Duration::from_secs(60)).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}
