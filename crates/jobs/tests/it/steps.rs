use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use prosopa_jobs::{Outcome, STEP_OUTPUT_BYTES_MAX, StepOutput};

use crate::support::{World, handler};

/// N3: a step runs again only if its input or its code is another.
#[tokio::test]
async fn a_step_is_not_redone_unless_something_changed() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let runs = Arc::new(AtomicU32::new(0));
    for (input, version, expected) in [([1; 32], 1, 1), ([1; 32], 1, 1), ([2; 32], 1, 2), ([2; 32], 2, 3)] {
        let counted = Arc::clone(&runs);
        let stepping = handler(move |ctx| {
            let runs = Arc::clone(&counted);
            Box::pin(async move {
                let output = ctx
                    .step("only", input, version, || async {
                        let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                        Ok(StepOutput { bytes: vec![run as u8], cost_us: 1_500 })
                    })
                    .await?;
                assert_eq!(output, [expected as u8]);
                Ok(Outcome::Cancelled)
            })
        });
        process.worker(stepping).run_pending().await.unwrap();
        assert_eq!(process.state(id).await.0, "cancelled", "the handler came to its end");
        assert_eq!(runs.load(Ordering::SeqCst), expected);
        process.jobs.retry(world.account, id).await.unwrap();
    }
    let steps = process.jobs.list_steps(id).await.unwrap();
    assert_eq!(steps.len(), 1);
    let step = &steps[0];
    assert_eq!((step.name.as_str(), step.code_version, step.attempts, step.cost_us), ("only", 2, 1, 1_500));
    assert_eq!(step.input_digest, [2; 32]);
    assert_eq!(step.output_digest.as_deref().map(<[u8]>::len), Some(32));
    assert!(step.finished_at.is_some());
}

/// N3: a step that failed is run again and counted; its job shows where it stands.
#[tokio::test]
async fn a_repeated_step_is_counted() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let (jobs, world_clock) = (process.jobs.clone(), Arc::clone(&world.clock));
    let failing = handler(move |ctx| {
        let jobs = jobs.clone();
        Box::pin(async move {
            ctx.step("decode", [1; 32], 1, || async {
                let row = jobs.find(ctx.id()).await.unwrap().unwrap();
                assert_eq!((row.status.as_str(), row.phase.as_str()), ("processing", "decode"));
                Err(Outcome::retry("the engine is away").into())
            })
            .await?;
            panic!("the step did not fail")
        })
    });
    let worker = process.worker(failing);
    for _ in 0..2 {
        assert_eq!(worker.run_pending().await.unwrap(), 1);
        world_clock.advance(std::time::Duration::from_secs(60));
    }
    let steps = process.jobs.list_steps(id).await.unwrap();
    assert_eq!((steps[0].attempts, steps[0].finished_at), (2, None));
    assert_eq!(process.metric("prosopa_test_jobs_step_repeats_total{kind=\"work\"}"), Some("1".into()));
}

/// R9: a step cannot fill the database.
#[tokio::test]
async fn an_output_of_a_step_is_bounded() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let large = handler(|ctx| {
        Box::pin(async {
            ctx.step("large", [1; 32], 1, || async { Ok(vec![0; STEP_OUTPUT_BYTES_MAX + 1].into()) }).await?;
            Ok(Outcome::Completed(None))
        })
    });
    process.worker(large).run_pending().await.unwrap();
    assert_eq!(process.state(id).await.0, "failed");
}
