use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use prosopa_jobs::{
    Error, INPUT_BYTES_MAX, JobClass, JobKind, Jobs, NewJob, Outcome, Setup, SetupError, Worker, WorkerConfig,
};
use prosopa_model::JobId;
use prosopa_store::Backend;

use crate::support::{Process, World, complete, handler, nothing};

/// F10: a job exists if and only if its transaction was committed.
#[tokio::test]
async fn a_job_is_part_of_the_callers_transaction() {
    let world = World::new().await;
    let process = world.process();
    let mut tx = world.database.begin().await.unwrap();
    let lost = process.jobs.enqueue(&mut tx, NewJob::new("work", Vec::new())).await.unwrap().id;
    tx.rollback().await.unwrap();
    assert!(process.jobs.find(lost).await.unwrap().is_none());
    let kept = world.enqueue(&process.jobs).await;
    assert_eq!(process.state(kept).await, ("queued", "queued".into(), 0));
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 1);
    assert_eq!(process.state(kept).await, ("completed", "completed".into(), 1));
}

/// F10: what was enqueued arrives, and what was given back is kept.
#[tokio::test]
async fn input_and_output_are_kept_as_they_are() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue_as(&process.jobs, NewJob::new("work", vec![0, 1, 255])).await;
    let reversing = handler(|ctx| {
        Box::pin(async { Ok(Outcome::Completed(Some(ctx.input().iter().rev().copied().collect()))) })
    });
    process.worker(reversing).run_pending().await.unwrap();
    let row = process.find(id).await;
    assert_eq!(row.output, Some(vec![255, 1, 0]));
    assert_eq!(row.account_id, Some(world.account));
    assert!(row.started_at.is_some() && row.finished_at.is_some());
}

#[tokio::test]
async fn what_was_not_declared_or_is_too_large_is_refused() {
    let world = World::new().await;
    let process = world.process();
    let mut tx = world.database.begin().await.unwrap();
    let unknown = process.jobs.enqueue(&mut tx, NewJob::new("wrok", Vec::new())).await;
    assert!(matches!(unknown, Err(Error::UnknownKind(kind)) if kind == "wrok"));
    let large = process.jobs.enqueue(&mut tx, NewJob::new("work", vec![0; INPUT_BYTES_MAX + 1])).await;
    assert!(matches!(large, Err(Error::TooLarge { bytes_max: INPUT_BYTES_MAX, .. })));
}

#[tokio::test]
async fn wrong_declarations_are_refused() {
    let world = World::new().await;
    let metrics = prosopa_telemetry::Metrics::new();
    let declare = |kinds: &[JobKind]| {
        let setup = Setup {
            service: "test",
            database: world.database.clone(),
            clock: Arc::<prosopa_testkit::ManualClock>::clone(&world.clock),
            metrics: &metrics,
            kinds,
            schedules: &[],
            hook: None,
        };
        Jobs::new(setup).err()
    };
    // A percent sign or an underscore would match other kinds.
    for name in ["", "Work", "a_b", "a%", "a,b"] {
        assert!(matches!(declare(&[JobKind::new(name)]), Some(SetupError::Name(_))), "{name}");
    }
    assert!(matches!(declare(&[JobKind::new("a"), JobKind::new("a")]), Some(SetupError::Twice("a"))));
    let never = JobKind { attempts_max: 0, ..JobKind::new("a") };
    assert!(matches!(declare(&[never]), Some(SetupError::Wrong("a"))));
}

/// F10: several workers on one database run each job once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_run_each_job_once() {
    let world = World::new().await;
    let processes: Vec<Process> = (0..4).map(|_| world.process()).collect();
    let mut ids = Vec::new();
    for _ in 0..120 {
        ids.push(world.enqueue(&processes[0].jobs).await);
    }
    let workers = processes.iter().map(|process| {
        let database = world.database.clone();
        let effect = handler(move |ctx| {
            let database = database.clone();
            Box::pin(async move { complete(&database, ctx, "done").await })
        });
        let worker = process.worker_of(8, 0, effect);
        tokio::spawn(async move { worker.run_pending().await.unwrap() })
    });
    let runs: usize = join_all(workers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(runs, 120);
    for id in ids {
        assert_eq!(world.effects(id, "done").await, 1);
        assert_eq!(processes[0].state(id).await, ("completed", "completed".into(), 1));
    }
}

/// The order in which one worker at a time begins what is due.
async fn order_of(world: &World) -> Vec<JobId> {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let noting = handler(move |ctx| {
        seen.lock().unwrap().push(ctx.id());
        Box::pin(async { Ok(Outcome::Completed(None)) })
    });
    world.process().worker_of(1, 0, noting).run_pending().await.unwrap();
    std::mem::take(&mut *order.lock().unwrap())
}

/// N4: urgent jobs go first, those of one class in their order.
#[tokio::test]
async fn urgent_classes_go_first() {
    let world = World::new().await;
    let process = world.process();
    let mut ids = Vec::new();
    for class in [JobClass::Backfill, JobClass::Normal, JobClass::Interactive, JobClass::Interactive] {
        ids.push(world.enqueue_as(&process.jobs, NewJob::new("work", Vec::new()).class(class)).await);
        world.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(order_of(&world).await, [ids[2], ids[3], ids[1], ids[0]]);
}

/// N4: nobody starves: a job that has waited long enough goes before all newer ones.
#[tokio::test]
async fn an_old_backfill_overtakes_new_interactive_jobs() {
    for (waited, backfill_is_first) in [(599, false), (601, true)] {
        let world = World::new().await;
        let process = world.process();
        let new = |class| NewJob::new("work", Vec::new()).class(class);
        let backfill = world.enqueue_as(&process.jobs, new(JobClass::Backfill)).await;
        world.clock.advance(Duration::from_secs(waited));
        world.enqueue_as(&process.jobs, new(JobClass::Interactive)).await;
        assert_eq!(order_of(&world).await[0] == backfill, backfill_is_first, "after {waited} s");
    }
}

/// N4: a backfill never takes the last places, so that an interactive job begins at once.
#[tokio::test]
async fn places_are_kept_free_for_interactive_jobs() {
    let world = World::new().await;
    let process = world.process();
    let (begun, mut beginning) = mpsc::channel(8);
    let hanging = handler(move |ctx| {
        let (begun, class) = (begun.clone(), ctx.job().class);
        Box::pin(async move {
            begun.send(class).await.unwrap();
            std::future::pending().await
        })
    });
    for _ in 0..3 {
        world.enqueue_as(&process.jobs, NewJob::new("work", Vec::new()).class(JobClass::Backfill)).await;
    }
    let stop = CancellationToken::new();
    let (worker, stopping) = (process.worker_of(2, 1, hanging), stop.clone());
    let running = tokio::spawn(async move { worker.run(stopping).await });
    assert_eq!(beginning.recv().await, Some(JobClass::Backfill));
    world.enqueue_as(&process.jobs, NewJob::new("work", Vec::new()).class(JobClass::Interactive)).await;
    assert_eq!(beginning.recv().await, Some(JobClass::Interactive));
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(beginning.try_recv().is_err(), "a third one was begun");
}

/// F10: a job that is not due yet waits, and does not stand in the way of one that is.
#[tokio::test]
async fn a_later_job_waits_for_its_time() {
    let world = World::new().await;
    let process = world.process();
    let at = "2026-01-31T13:00:00Z".parse().unwrap();
    let later = world.enqueue_as(&process.jobs, NewJob::new("work", Vec::new()).run_at(at)).await;
    let now = world.enqueue(&process.jobs).await;
    let worker = process.worker_of(1, 0, nothing());
    assert_eq!(worker.run_pending().await.unwrap(), 1);
    assert_eq!(process.state(now).await.0, "completed");
    assert_eq!(process.state(later).await.0, "queued");
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(worker.run_pending().await.unwrap(), 1);
    assert_eq!(process.state(later).await.0, "completed");
}

/// F10: a worker leaves alone what it has no handler for; another version of the program has one.
#[tokio::test]
async fn kinds_without_a_handler_are_left_in_the_queue() {
    let world = World::new().await;
    let process = world.process();
    let other = world.enqueue_as(&process.jobs, NewJob::new("sweep", Vec::new())).await;
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 0);
    assert_eq!(process.state(other).await.0, "queued");
}

/// F10: a commit wakes the worker of its process; nothing waits for the next poll.
#[tokio::test]
async fn a_commit_wakes_the_worker() {
    let world = World::new().await;
    let process = world.process();
    let stop = CancellationToken::new();
    let config = prosopa_jobs::WorkerConfig { poll: Duration::from_secs(3_600), ..Default::default() };
    let worker = prosopa_jobs::Worker::new(process.jobs.clone(), config, [("work", nothing())]).unwrap();
    let stopping = stop.clone();
    let running = tokio::spawn(async move { worker.run(stopping).await });
    for _ in 0..20 {
        let id = world.enqueue(&process.jobs).await;
        let row = process.jobs.wait(id, Duration::from_secs(60)).await.unwrap().unwrap();
        assert_eq!(row.status.as_str(), "completed");
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// Security: what a job works on is never logged with it.
#[tokio::test]
async fn what_is_inside_a_job_is_not_shown() {
    let world = World::new().await;
    let process = world.process();
    let new = NewJob::new("work", b"secret".to_vec());
    let mut shown = format!("{new:?}");
    let id = world.enqueue_as(&process.jobs, new).await;
    let outcome = Outcome::Completed(Some(b"secret".to_vec()));
    let step = prosopa_jobs::StepOutput::from(b"secret".to_vec());
    shown += &format!("{outcome:?} {step:?} {:?}", prosopa_jobs::Stop::With(Outcome::retry("secret")));
    process.worker(crate::support::ends_with(outcome)).run_pending().await.unwrap();
    shown += &format!("{:?}", process.find(id).await);
    for secret in ["secret".to_owned(), format!("{:?}", b"secret")] {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(shown.contains(&id.to_string()), "{shown}");
}

/// F10, K9: a worker that waits is woken by what another process enqueues, long before it looks by itself. A file is one
/// process's.
#[tokio::test]
async fn a_worker_is_woken_by_another_process() {
    let world = World::new().await;
    if world.database.backend() == Backend::Sqlite {
        return;
    }
    let (process, elsewhere) = (world.process(), world.elsewhere().await);
    let asking = elsewhere.process();
    let config =
        WorkerConfig { poll: Duration::from_hours(1), drain: Duration::ZERO, ..WorkerConfig::default() };
    let worker = Worker::new(process.jobs.clone(), config, [("work", nothing())]).unwrap();
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let running = tokio::spawn(async move { worker.run(stopped).await });
    for _ in 0..5 {
        let id = elsewhere.enqueue(&asking.jobs).await;
        while asking.state(id).await.0 != "completed" {
            tokio::task::yield_now().await;
        }
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}
