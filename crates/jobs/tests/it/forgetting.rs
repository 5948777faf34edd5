use std::{sync::Arc, time::Duration};

use prosopa_jobs::{Error, Handler, NewJob, Outcome};
use prosopa_model::JobId;
use prosopa_problem::{Code, Problem};

use crate::support::{Gate, LEASE_OVER, World, complete, ends_with, handler, nothing};

const INPUT: &[u8] = b"a sealed password";

async fn enqueue(world: &World, kind: &'static str) -> JobId {
    world.enqueue_as(&world.process().jobs, NewJob::new(kind, INPUT.to_vec())).await
}

/// A handler that finds its input and ends like this.
fn finds_input(outcome: Outcome) -> Arc<dyn Handler> {
    handler(move |ctx| {
        let outcome = outcome.clone();
        Box::pin(async move {
            assert_eq!(ctx.input(), INPUT);
            Ok(outcome)
        })
    })
}

/// S10: a secret input is gone with the end of its job, however that ends; other kinds keep theirs.
#[tokio::test]
async fn an_input_is_forgotten_at_the_end() {
    let world = World::new().await;
    let process = world.process();
    for outcome in
        [Outcome::Completed(None), Outcome::failed(Code::UserNameTaken, "taken"), Outcome::Cancelled]
    {
        let (secret, plain) = (enqueue(&world, "secret").await, enqueue(&world, "work").await);
        assert_eq!(process.worker(finds_input(outcome)).run_pending().await.unwrap(), 2);
        assert!(process.find(secret).await.status.is_finished());
        assert_eq!((world.input(secret).await, world.input(plain).await), (Vec::new(), INPUT.to_vec()));
    }
}

/// S10: an end that is recorded with the effect forgets it in that transaction.
#[tokio::test]
async fn an_input_is_forgotten_with_the_effect() {
    let world = World::new().await;
    let id = enqueue(&world, "secret").await;
    let database = world.database.clone();
    let done = handler(move |ctx| {
        let database = database.clone();
        Box::pin(async move { complete(&database, ctx, "done").await })
    });
    assert_eq!(world.process().worker(done).run_pending().await.unwrap(), 1);
    assert_eq!((world.effects(id, "done").await, world.input(id).await), (1, Vec::new()));
}

/// S10: a job that is called off in the queue forgets it at once.
#[tokio::test]
async fn an_input_is_forgotten_in_the_queue() {
    let world = World::new().await;
    let process = world.process();
    let (secret, plain) = (enqueue(&world, "secret").await, enqueue(&world, "work").await);
    for id in [secret, plain] {
        process.jobs.cancel(world.account, id).await.unwrap().unwrap();
    }
    assert_eq!((world.input(secret).await, world.input(plain).await), (Vec::new(), INPUT.to_vec()));
}

/// S10, F10: as long as a job may run again it has its input; with the last attempt or the last worker it is gone.
#[tokio::test]
async fn an_input_is_kept_between_attempts() {
    let world = World::new().await;
    let process = world.process();
    let retried = enqueue(&world, "secret").await;
    let worker = process.worker(finds_input(Outcome::retry("not now")));
    for _ in 0..2 {
        assert_eq!(worker.run_pending().await.unwrap(), 1);
        assert_eq!(world.input(retried).await, INPUT);
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(worker.run_pending().await.unwrap(), 1);
    assert_eq!((process.state(retried).await.0, world.input(retried).await), ("failed", Vec::new()));

    let lost = enqueue(&world, "secret").await;
    for _ in 0..3 {
        let gate = Gate::default();
        let passing = gate.clone();
        let stuck = handler(move |_| {
            let gate = passing.clone();
            Box::pin(async move {
                gate.pass().await;
                Ok(Outcome::Completed(None))
            })
        });
        let dying = process.worker(stuck);
        tokio::select! {
            ran = dying.run_pending() => panic!("the worker came to its end: {ran:?}"),
            () = gate.reached.notified() => {}
        }
        assert_eq!(world.input(lost).await, INPUT);
        world.clock.advance(LEASE_OVER);
        process.jobs.maintain_once().await.unwrap();
    }
    assert_eq!((process.state(lost).await.0, world.input(lost).await), ("failed", Vec::new()));
}

/// F10: a job without its input is not tried again, and whoever asks for it is told why.
#[tokio::test]
async fn a_job_without_its_input_is_not_retried() {
    let world = World::new().await;
    let process = world.process();
    let id = enqueue(&world, "secret").await;
    let queued = process.jobs.retry(world.account, id).await.unwrap().unwrap();
    assert_eq!(queued.status.as_str(), "queued", "one that has not ended stays as it is");
    let failing = process.worker(ends_with(Outcome::failed(Code::UserNameTaken, "taken")));
    assert_eq!(failing.run_pending().await.unwrap(), 1);
    let refused = process.jobs.retry(world.account, id).await.unwrap_err();
    assert!(matches!(refused, Error::InputForgotten));
    assert_eq!(Problem::from(refused).code(), Code::ValidationFailed);
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 0);
    assert_eq!(process.state(id).await.0, "failed");
}
