use std::{sync::Arc, sync::atomic::AtomicU32, time::Duration};

use proptest::prelude::*;

use prosopa_jobs::{Backoff, Outcome};
use prosopa_problem::Code;

use crate::support::{World, ends_with, handler, nothing, two_steps};

/// F10: what fails is tried again after a pause, and given up after its last attempt, with the reason.
#[tokio::test]
async fn a_job_that_keeps_failing_is_given_up() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let worker = process.worker(ends_with(Outcome::retry("the engine is away")));
    for attempt in 1..3 {
        assert_eq!(worker.run_pending().await.unwrap(), 1);
        assert_eq!(process.state(id).await, ("queued", "waiting_retry".into(), attempt));
        assert_eq!(process.find(id).await.remark.as_deref(), Some("the engine is away"));
        world.clock.advance(WORK_LONGEST);
    }
    assert_eq!(worker.run_pending().await.unwrap(), 1);
    assert_eq!(process.state(id).await, ("failed", "failed".into(), 3));
    let row = process.find(id).await;
    assert_eq!(row.remark.as_deref(), Some("the engine is away"));
    assert_eq!(row.problem_code.as_deref(), Some("unavailable"));
    world.clock.advance(WORK_LONGEST);
    assert_eq!(worker.run_pending().await.unwrap(), 0);
}

const WORK_LONGEST: Duration = Duration::from_secs(60);

/// F10: a pause that the handler asks for is kept.
#[tokio::test]
async fn a_pause_that_was_asked_for_is_kept() {
    let world = World::new().await;
    let process = world.process();
    world.enqueue(&process.jobs).await;
    let after = Some(Duration::from_secs(45));
    let retry = Outcome::Retry { code: Code::Overloaded, remark: "busy".into(), after };
    let worker = process.worker(ends_with(retry));
    assert_eq!(worker.run_pending().await.unwrap(), 1);
    world.clock.advance(Duration::from_secs(44));
    assert_eq!(worker.run_pending().await.unwrap(), 0);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(worker.run_pending().await.unwrap(), 1);
}

/// F10: a panic is one more failed attempt, not the end of the worker; its message is not shown.
#[tokio::test]
async fn a_panic_is_a_retry() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let panicking = handler(|_| Box::pin(async { panic!("a secret of the implementation") }));
    assert_eq!(process.worker(panicking).run_pending().await.unwrap(), 1);
    assert_eq!(process.state(id).await, ("queued", "waiting_retry".into(), 1));
    assert_eq!(process.find(id).await.remark.as_deref(), Some("the work broke off"));
}

/// F10: what can never work is not tried again.
#[tokio::test]
async fn a_final_failure_ends_the_job_at_once() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let failing = ends_with(Outcome::failed(Code::ImageUndecodable, "no picture"));
    process.worker(failing).run_pending().await.unwrap();
    assert_eq!(process.state(id).await, ("failed", "failed".into(), 1));
    assert_eq!(process.find(id).await.problem_code.as_deref(), Some("image-undecodable"));
}

/// F10: bytes that are too many do not make the job run for ever.
#[tokio::test]
async fn an_output_that_is_too_large_fails() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let large = ends_with(Outcome::Completed(Some(vec![0; prosopa_jobs::OUTPUT_BYTES_MAX + 1])));
    process.worker(large).run_pending().await.unwrap();
    assert_eq!(process.state(id).await.0, "failed");
}

/// N3: a retry by its owner begins with all attempts, at the first step that is not done.
#[tokio::test]
async fn a_retry_by_the_owner_goes_on_where_it_stopped() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let runs: Arc<[AtomicU32; 2]> = Arc::default();
    let counted = Arc::clone(&runs);
    let failing = handler(move |ctx| {
        let runs = Arc::clone(&counted);
        Box::pin(async move {
            ctx.step("first", [7; 32], 1, || async {
                runs[0].fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Ok(b"first".to_vec().into())
            })
            .await?;
            Ok(Outcome::failed(Code::Unavailable, "no second step"))
        })
    });
    process.worker(failing).run_pending().await.unwrap();
    assert_eq!(process.state(id).await.0, "failed");

    let row = process.jobs.retry(world.account, id).await.unwrap().unwrap();
    assert_eq!((row.status.as_str(), row.attempts, row.remark, row.problem_code), ("queued", 0, None, None));
    let (database, counted) = (world.database.clone(), Arc::clone(&runs));
    let working = handler(move |ctx| {
        let (database, runs) = (database.clone(), Arc::clone(&counted));
        Box::pin(async move { two_steps(&database, ctx, &runs).await })
    });
    process.worker(working).run_pending().await.unwrap();
    assert_eq!(process.state(id).await.0, "completed");
    assert_eq!(runs.each_ref().map(|runs| runs.load(std::sync::atomic::Ordering::SeqCst)), [1, 1]);

    let row = process.jobs.retry(world.account, id).await.unwrap().unwrap();
    assert_eq!(row.status.as_str(), "completed", "what is done is not done again");
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 0);
}

proptest! {
    /// F10: the pause is bounded, grows with the attempts, and is never shorter than was asked for (within the bound).
    #[test]
    fn pauses_are_bounded(
        base_ms in 1_u64..10_000, longest_ms in 1_u64..1_000_000, attempts in 0_u64..1_000, share in 0.0..1.0_f64,
        asked_ms in 0_u64..2_000_000,
    ) {
        let longest = Duration::from_millis(longest_ms);
        let backoff = Backoff { base: Duration::from_millis(base_ms), longest };
        let asked = Duration::from_millis(asked_ms);
        let pause = backoff.pause(attempts, share, None);
        prop_assert!(pause <= longest);
        prop_assert!(backoff.pause(attempts + 1, share, None) >= pause);
        prop_assert_eq!(backoff.pause(attempts, 0.0, None), Duration::ZERO);
        prop_assert!(backoff.pause(attempts, share, Some(asked)) >= asked.min(longest));
        prop_assert!(backoff.pause(attempts, share, Some(asked)) <= longest);
    }
}
