use std::{sync::Arc, time::Duration};

use prosopa_jobs::Outcome;
use prosopa_model::AccountId;

use crate::support::{Gate, World, complete, ends_with, handler, nothing};

/// F10: a queued job is called off at once and never runs.
#[tokio::test]
async fn a_queued_job_is_called_off_at_once() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let row = process.jobs.cancel(world.account, id).await.unwrap().unwrap();
    assert_eq!(row.status.as_str(), "cancelled");
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 0);
    let again = process.jobs.cancel(world.account, id).await.unwrap().unwrap();
    assert_eq!(again.finished_at, row.finished_at);
}

/// F10: nobody calls off or retries what is somebody else's, or learns that it exists.
#[tokio::test]
async fn a_foreign_job_is_absent() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    assert!(process.jobs.cancel(AccountId::new(), id).await.unwrap().is_none());
    assert!(process.jobs.retry(AccountId::new(), id).await.unwrap().is_none());
    assert!(process.jobs.find_of(AccountId::new(), id).await.unwrap().is_none());
    assert_eq!(process.state(id).await.0, "queued");
}

/// F10: a running job is asked to end; it says how. A step does not begin any more.
#[tokio::test]
async fn a_running_job_notices_and_ends() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let waiting = handler(move |ctx| {
        let gate = passing.clone();
        Box::pin(async move {
            assert!(!ctx.is_cancelled());
            gate.reached.notify_one();
            ctx.cancelled().await;
            ctx.step("late", [0; 32], 1, || async { panic!("a step began after the job was called off") })
                .await
                .map(|_| Outcome::Completed(None))
        })
    });
    let worker = process.worker(waiting);
    let (ran, row) = tokio::join!(worker.run_pending(), async {
        gate.reached.notified().await;
        process.jobs.cancel(world.account, id).await.unwrap().unwrap()
    });
    assert_eq!(ran.unwrap(), 1);
    assert_eq!((row.status.as_str(), row.phase.as_str()), ("processing", "cancelling"));
    assert_eq!(process.state(id).await, ("cancelled", "cancelled".into(), 1));
    assert!(process.jobs.list_steps(id).await.unwrap().is_empty());
}

/// F10: a job that another process runs hears of it too.
#[tokio::test]
async fn another_process_notices() {
    let world = World::new().await;
    let (here, there) = (world.process(), world.process());
    let id = world.enqueue(&here.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let waiting = handler(move |ctx| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.reached.notify_one();
            ctx.cancelled().await;
            Ok(Outcome::Cancelled)
        })
    });
    let worker = there.worker(waiting);
    let (ran, ()) = tokio::join!(worker.run_pending(), async {
        gate.reached.notified().await;
        here.jobs.cancel(world.account, id).await.unwrap();
        worker.extend_leases().await.unwrap();
    });
    assert_eq!(ran.unwrap(), 1);
    assert_eq!(here.state(id).await.0, "cancelled");
}

/// F10: a job that fails after it was called off is not tried again; one that comes to its end is completed.
#[tokio::test]
async fn a_called_off_job_does_not_come_back() {
    let endings = [
        (Outcome::retry("busy"), "cancelled"),
        (Outcome::Completed(None), "completed"),
        (Outcome::failed(prosopa_problem::Code::Internal, "broken"), "failed"),
    ];
    for (outcome, status) in endings {
        let world = World::new().await;
        let process = world.process();
        let id = world.enqueue(&process.jobs).await;
        let (jobs, account) = (process.jobs.clone(), world.account);
        let calling_off = handler(move |ctx| {
            let (jobs, outcome) = (jobs.clone(), outcome.clone());
            Box::pin(async move {
                jobs.cancel(account, ctx.id()).await.unwrap();
                Ok(outcome)
            })
        });
        process.worker(calling_off).run_pending().await.unwrap();
        let row = process.find(id).await;
        assert_eq!((row.status.as_str(), row.phase.as_str()), (status, status));
        assert!(row.finished_at.is_some());
    }
}

/// F10: of cancel and completion one wins, and the effect is there if and only if it was the completion.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_of_cancel_and_completion_has_one_winner() {
    let world = World::new().await;
    let (one, other) = (world.process(), Arc::new(world.process()));
    let database = world.database.clone();
    let effect = handler(move |ctx| {
        let database = database.clone();
        Box::pin(async move { complete(&database, ctx, "done").await })
    });
    let worker = one.worker(effect);
    for round in 0..30 {
        let id = world.enqueue(&one.jobs).await;
        let (account, canceller) = (world.account, Arc::clone(&other));
        let cancelling = tokio::spawn(async move {
            for _ in 0..round * 4 {
                tokio::task::yield_now().await;
            }
            canceller.jobs.cancel(account, id).await.unwrap();
        });
        worker.run_pending().await.unwrap();
        cancelling.await.unwrap();
        let (status, effects) = (one.state(id).await.0, world.effects(id, "done").await);
        assert!(matches!((status, effects), ("completed", 1) | ("cancelled", 0)), "{status} with {effects}");
    }
}

/// F10: a cancelled job can be queued again.
#[tokio::test]
async fn a_cancelled_job_can_be_tried_again() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    process.jobs.cancel(world.account, id).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    process.jobs.retry(world.account, id).await.unwrap();
    let checking = handler(|ctx| {
        Box::pin(async {
            assert!(!ctx.is_cancelled());
            Ok(Outcome::Completed(None))
        })
    });
    process.worker(checking).run_pending().await.unwrap();
    assert_eq!(process.state(id).await, ("completed", "completed".into(), 1));
    assert_eq!(process.worker(ends_with(Outcome::Cancelled)).run_pending().await.unwrap(), 0);
}
