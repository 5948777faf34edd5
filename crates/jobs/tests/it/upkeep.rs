use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use prosopa_jobs::{ChangeHook, JobRow, NewJob, Outcome};
use prosopa_store::{Error, Tx, on_db, query_scalar};

use crate::support::{EVERY_MINUTE, LEASE_OVER, World, ends_with, handler, nothing, record};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// R9: finished jobs are deleted after their time, with their steps; what is not finished stays.
#[tokio::test]
async fn finished_jobs_are_deleted_after_their_time() {
    let world = World::new().await;
    let process = world.process();
    let done = world.enqueue(&process.jobs).await;
    let stepping = handler(|ctx| {
        Box::pin(async {
            ctx.step("only", [0; 32], 1, || async { Ok(Vec::new().into()) }).await?;
            Ok(Outcome::Completed(None))
        })
    });
    process.worker(stepping).run_pending().await.unwrap();
    let queued = world.enqueue(&process.jobs).await;
    world.clock.advance(WEEK - Duration::from_secs(1));
    process.jobs.maintain_once().await.unwrap();
    assert!(process.jobs.find(done).await.unwrap().is_some());
    world.clock.advance(Duration::from_secs(1));
    process.jobs.maintain_once().await.unwrap();
    assert!(process.jobs.find(done).await.unwrap().is_none());
    assert!(process.jobs.list_steps(done).await.unwrap().is_empty());
    assert!(process.jobs.find(queued).await.unwrap().is_some());
}

/// R9: many are deleted in small steps, all in one round.
#[tokio::test]
async fn many_old_jobs_are_deleted_in_small_steps() {
    let world = World::new().await;
    let process = world.process();
    let mut tx = world.database.begin().await.unwrap();
    for _ in 0..450 {
        process.jobs.enqueue(&mut tx, NewJob::new("work", Vec::new())).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 450);
    world.clock.advance(WEEK);
    process.jobs.maintain_once().await.unwrap();
    let mut connection = world.database.read().await.unwrap();
    let left: i64 =
        on_db!(connection, c => query_scalar("SELECT count(*) FROM jobs").fetch_one(c).await).unwrap();
    assert_eq!(left, 0);
}

/// N4: what scaling decides by: how many wait, how long, how many run, how runs ended.
#[tokio::test]
async fn the_queue_is_measured() {
    let world = World::new().await;
    let process = world.process();
    let value = |name: &str| process.metric(&format!("prosopa_test_jobs_{name}"));
    let labels = "{class=\"normal\",kind=\"work\"}";
    world.enqueue(&process.jobs).await;
    world.clock.advance(Duration::from_secs(40));
    world.enqueue(&process.jobs).await;
    process.jobs.maintain_once().await.unwrap();
    assert_eq!(value(&format!("queued{labels}")).as_deref(), Some("2"));
    assert_eq!(value(&format!("oldest_due_seconds{labels}")).as_deref(), Some("40"));
    assert_eq!(value(&format!("processing{labels}")).as_deref(), Some("0"));
    process.worker(ends_with(Outcome::Completed(None))).run_pending().await.unwrap();
    process.jobs.maintain_once().await.unwrap();
    assert_eq!(value(&format!("queued{labels}")).as_deref(), Some("0"));
    assert_eq!(value(&format!("oldest_due_seconds{labels}")).as_deref(), Some("0"));
    assert_eq!(value("runs_total{kind=\"work\",outcome=\"completed\"}").as_deref(), Some("2"));
}

/// Writes down what it is told.
struct Noting;

#[async_trait]
impl ChangeHook for Noting {
    async fn on_change(&self, tx: &mut Tx, job: &JobRow) -> Result<(), Error> {
        let progress =
            if job.progress_total == 0 { String::new() } else { format!(" {}", job.progress_done) };
        record(tx, job.id, &format!("{} {}{progress}", job.status.as_str(), job.phase)).await
    }
}

/// K6: each change is told in its own transaction, so that an event is there if and only if the change is.
#[tokio::test]
async fn every_change_is_told_once() {
    let world = World::new().await;
    let process = world.process_with(&[EVERY_MINUTE], Some(Arc::new(Noting)));
    let id = world.enqueue(&process.jobs).await;
    let steps = handler(|ctx| {
        Box::pin(async {
            if ctx.job().attempts == 1 {
                return Ok(Outcome::retry("busy"));
            }
            ctx.step("decode", [0; 32], 1, || async { Ok(Vec::new().into()) }).await?;
            for done in 0..=100 {
                ctx.progress(done, 100).await?;
            }
            Ok(Outcome::Completed(None))
        })
    });
    let worker = process.worker(steps);
    worker.run_pending().await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    worker.run_pending().await.unwrap();
    for (told, times) in [
        ("queued queued", 1),
        ("processing running", 2),
        ("queued waiting_retry", 1),
        ("processing decode", 1),
        ("processing decode 10", 1),
        ("processing decode 15", 0),
        ("processing decode 100", 1),
        ("completed completed 100", 1),
    ] {
        assert_eq!(world.effects(id, told).await, times, "{told}");
    }
}

/// Refuses to be told of an end.
struct Refusing;

#[async_trait]
impl ChangeHook for Refusing {
    async fn on_change(&self, tx: &mut Tx, job: &JobRow) -> Result<(), Error> {
        if job.status.is_finished() && job.attempts == 1 {
            return Err(Error::Url);
        }
        record(tx, job.id, job.status.as_str()).await
    }
}

/// F10: an end that cannot be told is not recorded; the job is not lost by it, and others are recorded all the same.
#[tokio::test]
async fn an_end_that_cannot_be_told_is_not_an_end() {
    let world = World::new().await;
    let process = world.process_with(&[], Some(Arc::new(Refusing)));
    let id = world.enqueue(&process.jobs).await;
    let worker = process.worker(nothing());
    assert!(worker.run_pending().await.is_err());
    assert_eq!(process.state(id).await.0, "processing");
    world.clock.advance(LEASE_OVER);
    process.jobs.maintain_once().await.unwrap();
    worker.run_pending().await.unwrap();
    assert_eq!(process.state(id).await, ("completed", "completed".into(), 2));
    assert_eq!(world.effects(id, "completed").await, 1);
}
