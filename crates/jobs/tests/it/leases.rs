use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use prosopa_jobs::{Handler, Outcome, Stop, Worker, WorkerConfig};
use prosopa_model::{Clock, JobId, Timestamp};
use prosopa_store::{Database, on_db, query_scalar, transact};

use crate::support::{
    Gate, LEASE_OVER, Process, World, complete, dying_after, ends_with, handler, nothing, record, two_steps,
};

fn stepping(database: &Database, runs: &Arc<[AtomicU32; 2]>) -> Arc<dyn Handler> {
    let (database, runs) = (database.clone(), Arc::clone(runs));
    handler(move |ctx| {
        let (database, runs) = (database.clone(), Arc::clone(&runs));
        Box::pin(async move { two_steps(&database, ctx, &runs).await })
    })
}

fn loads(runs: &[AtomicU32; 2]) -> [u32; 2] {
    runs.each_ref().map(|runs| runs.load(Ordering::SeqCst))
}

/// Another process finds the job when its lease is over and does the rest.
async fn take_over(world: &World, process: &Process, id: JobId, runs: &Arc<[AtomicU32; 2]>) {
    world.clock.advance(LEASE_OVER);
    let worker = process.worker(stepping(&world.database, runs));
    let taking_over = async {
        // A server needs a moment to notice that the dead one's transaction is over; until then its row is passed over.
        loop {
            process.jobs.maintain_once().await.unwrap();
            worker.run_pending().await.unwrap();
            if process.find(id).await.status.is_finished() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taking_over).await.unwrap();
}

/// N3: a handler that dies at any await repeats at most one step, and its effect is there once.
#[tokio::test]
async fn a_death_at_any_point_of_a_handler_repeats_one_step_at_most() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let mut deaths = 0;
    for polls in 0..40 {
        let id = world.enqueue(&one.jobs).await;
        let (runs, dead): (Arc<[AtomicU32; 2]>, Arc<Notify>) = Default::default();
        let (database, counted, dying) = (world.database.clone(), Arc::clone(&runs), Arc::clone(&dead));
        let mortal = handler(move |ctx| {
            let (database, runs, dead) = (database.clone(), Arc::clone(&counted), Arc::clone(&dying));
            Box::pin(async move { dying_after(polls, &dead, two_steps(&database, ctx, &runs)).await })
        });
        let worker = one.worker(mortal);
        let has_died = tokio::select! {
            ran = worker.run_pending() => { ran.unwrap(); false }
            () = dead.notified() => true,
        };
        take_over(&world, &other, id, &runs).await;
        let (status, _, attempts) = other.state(id).await;
        assert_eq!((status, world.effects(id, "done").await), ("completed", 1), "{polls}");
        let repeated: u32 = loads(&runs).iter().map(|runs| runs - 1).sum();
        assert!(repeated <= 1, "{polls}: {:?}", loads(&runs));
        assert!(attempts <= 2);
        assert!(has_died || repeated == 0);
        deaths += u32::from(has_died);
    }
    assert!((3..40).contains(&deaths), "{deaths} deaths: not every point was reached");
}

/// N3: so it is for a whole worker, at any point between claiming and recording.
#[tokio::test]
async fn a_death_at_any_point_of_a_worker_repeats_one_step_at_most() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let mut deaths = 0;
    for polls in 1..20 {
        let id = world.enqueue(&one.jobs).await;
        let (runs, dead): (Arc<[AtomicU32; 2]>, Notify) = Default::default();
        let worker = one.worker(stepping(&world.database, &runs));
        let has_died = tokio::select! {
            ran = dying_after(polls, &dead, worker.run_pending()) => { ran.unwrap(); false }
            () = dead.notified() => true,
        };
        take_over(&world, &other, id, &runs).await;
        assert_eq!((other.state(id).await.0, world.effects(id, "done").await), ("completed", 1), "{polls}");
        let repeated: u32 = loads(&runs).iter().map(|runs| runs - 1).sum();
        assert!(repeated <= 1, "{polls}: {:?}", loads(&runs));
        deaths += u32::from(has_died);
    }
    assert!((2..19).contains(&deaths), "{deaths} deaths: not every point was reached");
}

/// F10: a worker that lost its lease can write nothing: no step, no progress, no end.
#[tokio::test]
async fn a_zombie_writes_nothing() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let id = world.enqueue(&one.jobs).await;
    let gate = Gate::default();
    let refusals = Arc::new(Mutex::new(Vec::new()));
    let (passing, noted, database) = (gate.clone(), Arc::clone(&refusals), world.database.clone());
    let zombie = one.worker(handler(move |ctx| {
        let (gate, refusals, database) = (passing.clone(), Arc::clone(&noted), database.clone());
        Box::pin(async move {
            let inside = ctx.step("outlived", [1; 32], 1, || async {
                gate.pass().await;
                Ok(b"zombie".to_vec().into())
            });
            let stops = [
                inside.await.err(),
                ctx.step("new", [1; 32], 1, || async { panic!("a zombie's step began") }).await.err(),
                ctx.progress(1, 2).await.err(),
                complete(&database, ctx, "zombie").await.err(),
            ];
            let lost = stops.map(|stop| matches!(stop, Some(Stop::LeaseLost)));
            refusals.lock().unwrap().extend(lost);
            Ok(Outcome::Completed(Some(b"zombie".to_vec())))
        })
    }));
    let dying = tokio::spawn(async move { zombie.run_pending().await.unwrap() });
    gate.reached.notified().await;
    world.clock.advance(LEASE_OVER);
    other.jobs.maintain_once().await.unwrap();
    let heir_gate = Gate::default();
    let (passing, database) = (heir_gate.clone(), world.database.clone());
    let heir = other.worker(handler(move |ctx| {
        let (gate, database) = (passing.clone(), database.clone());
        Box::pin(async move {
            gate.pass().await;
            complete(&database, ctx, "done").await
        })
    }));
    let (ran, ()) = tokio::join!(heir.run_pending(), async {
        heir_gate.reached.notified().await;
        // The job is being worked on again: its status alone would let the zombie write.
        gate.open.notify_one();
        assert_eq!(dying.await.unwrap(), 1);
        assert_eq!(other.state(id).await, ("processing", "running".into(), 2));
        heir_gate.open.notify_one();
    });
    assert_eq!(ran.unwrap(), 1);
    assert_eq!(*refusals.lock().unwrap(), [true; 4]);
    assert_eq!([world.effects(id, "done").await, world.effects(id, "zombie").await], [1, 0]);
    let row = other.find(id).await;
    assert_eq!((row.output.as_deref(), row.progress_done), (Some(b"done".as_slice()), 0));
    assert_eq!(other.jobs.list_steps(id).await.unwrap()[0].finished_at, None);
}

/// F10: a zombie that stops does not give back what somebody else has, nor does it extend that one's lease.
#[tokio::test]
async fn a_stopping_zombie_leaves_the_job_alone() {
    stop_a_zombie(false).await;
    stop_a_zombie(true).await;
}

async fn stop_a_zombie(is_extending: bool) {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let id = world.enqueue(&one.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let hanging = handler(move |_| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.reached.notify_one();
            std::future::pending().await
        })
    });
    // No room for a second job: else it would look into the queue again and take its own job back.
    let (zombie, heir) = (one.worker_of(1, 0, Arc::clone(&hanging)), other.worker(hanging));
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let extending = zombie.clone();
    let dying = tokio::spawn(async move { zombie.run(stopping).await.unwrap() });
    gate.reached.notified().await;
    world.clock.advance(LEASE_OVER);
    other.jobs.maintain_once().await.unwrap();
    tokio::select! {
        _ = heir.run_pending() => panic!("it never ends"),
        () = async {
            gate.reached.notified().await;
            let until = lease_until(&world, id).await;
            if is_extending {
                world.clock.advance(Duration::from_secs(5));
                extending.extend_leases().await.unwrap();
            }
            stop.cancel();
            dying.await.unwrap();
            assert_eq!(other.state(id).await, ("processing", "running".into(), 2));
            assert_eq!(lease_until(&world, id).await, until);
        } => {}
    }
}

/// F10: a worker that hears that its lease is lost stops its handler.
#[tokio::test]
async fn a_lost_lease_ends_the_handler() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let id = world.enqueue(&one.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let worker = one.worker(handler(move |_| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.pass().await;
            panic!("nobody opens the gate")
        })
    }));
    let (ran, ()) = tokio::join!(worker.run_pending(), async {
        gate.reached.notified().await;
        take_over(&world, &other, id, &Arc::default()).await;
        worker.extend_leases().await.unwrap();
    });
    assert_eq!(ran.unwrap(), 1);
    assert_eq!(other.state(id).await, ("completed", "completed".into(), 2));
    assert_eq!(one.metric("prosopa_test_jobs_runs_total{kind=\"work\",outcome=\"lost\"}"), Some("1".into()));
}

/// F10: a lease that is extended is not taken, however long the work takes.
#[tokio::test]
async fn an_extended_lease_holds() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let id = world.enqueue(&one.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let worker = one.worker(handler(move |_| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.pass().await;
            Ok(Outcome::Completed(None))
        })
    }));
    let (ran, ()) = tokio::join!(worker.run_pending(), async {
        gate.reached.notified().await;
        for _ in 0..5 {
            world.clock.advance(Duration::from_secs(20));
            worker.extend_leases().await.unwrap();
            other.jobs.maintain_once().await.unwrap();
            assert_eq!(other.worker(nothing()).run_pending().await.unwrap(), 0);
        }
        gate.open.notify_one();
    });
    assert_eq!(ran.unwrap(), 1);
    assert_eq!(one.state(id).await, ("completed", "completed".into(), 1));
}

/// When the lease of a job is over.
async fn lease_until(world: &World, id: JobId) -> Timestamp {
    let mut connection = world.database.read().await.unwrap();
    let sql = "SELECT lease_until FROM jobs WHERE id = $1";
    let micros = on_db!(connection, c => query_scalar(sql).bind(id.uuid()).fetch_one(c).await).unwrap();
    Timestamp::from_micros(micros)
}

/// F10: a worker extends its leases, and hears what was called off elsewhere, without being told to.
#[tokio::test]
async fn a_worker_keeps_its_leases_by_itself() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let id = world.enqueue(&one.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let patient = handler(move |ctx| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.reached.notify_one();
            ctx.cancelled().await;
            Ok(Outcome::Cancelled)
        })
    });
    let config = WorkerConfig { look: Duration::from_millis(1), ..WorkerConfig::default() };
    let worker = Worker::new(one.jobs.clone(), config, [("work", patient)]).unwrap();
    let watching = async {
        gate.reached.notified().await;
        for _ in 0..3 {
            world.clock.advance(Duration::from_secs(20));
            let extended = world.clock.now().after(Duration::from_secs(30));
            while lease_until(&world, id).await < extended {
                tokio::task::yield_now().await;
            }
        }
        other.jobs.cancel(world.account, id).await.unwrap();
    };
    let both = async { tokio::join!(worker.run_pending(), watching) };
    let (ran, ()) = Box::pin(tokio::time::timeout(Duration::from_secs(60), both)).await.unwrap();
    assert_eq!(ran.unwrap(), 1);
    assert_eq!(one.state(id).await, ("cancelled", "cancelled".into(), 1));
}

/// F10: the end of a job may be part of a transaction that is repeated on conflicts.
#[tokio::test]
async fn a_job_ends_in_a_serializable_transaction_too() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let database = world.database.clone();
    let worker = process.worker(handler(move |ctx| {
        let database = database.clone();
        Box::pin(async move {
            transact!(database, tx => {
                record(&mut tx, ctx.id(), "done").await?;
                ctx.complete_in(&mut tx, None).await
            })
        })
    }));
    worker.run_pending().await.unwrap();
    assert_eq!((process.state(id).await.0, world.effects(id, "done").await), ("completed", 1));
}

/// N3: a job that kills its workers is given up too.
#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    for attempt in 1..=3 {
        let dead = Arc::new(Notify::new());
        let dying = Arc::clone(&dead);
        let killing = handler(move |_| {
            let dead = Arc::clone(&dying);
            Box::pin(async move {
                dead.notify_one();
                std::future::pending().await
            })
        });
        let worker = process.worker(killing);
        tokio::select! {
            _ = worker.run_pending() => panic!("it never ends"),
            () = dead.notified() => {}
        }
        assert_eq!(process.state(id).await, ("processing", "running".into(), attempt));
        world.clock.advance(LEASE_OVER);
        process.jobs.maintain_once().await.unwrap();
    }
    assert_eq!(process.state(id).await, ("failed", "failed".into(), 3));
    assert_eq!(process.find(id).await.problem_code.as_deref(), Some("internal"));
}

/// Begins a job, and dies.
async fn begin_and_die(process: &Process) {
    let gate = Gate::default();
    let passing = gate.clone();
    let worker = process.worker(handler(move |_| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.pass().await;
            Ok(Outcome::Completed(None))
        })
    }));
    tokio::select! {
        _ = worker.run_pending() => panic!("nobody opens the gate"),
        () = gate.reached.notified() => {}
    }
}

/// F10: a clock that jumps ahead by an hour makes leases look lost; still the effect is there once.
#[tokio::test]
async fn a_clock_that_jumps_ahead_gives_one_effect() {
    let world = World::new().await;
    let (one, other) = (world.process(), world.process());
    let id = world.enqueue(&one.jobs).await;
    let gate = Gate::default();
    let (passing, database) = (gate.clone(), world.database.clone());
    let slow = one.worker(handler(move |ctx| {
        let (gate, database) = (passing.clone(), database.clone());
        Box::pin(async move {
            gate.pass().await;
            complete(&database, ctx, "done").await
        })
    }));
    let (ran, ()) = tokio::join!(slow.run_pending(), async {
        gate.reached.notified().await;
        world.clock.advance(Duration::from_secs(3_600));
        take_over(&world, &other, id, &Arc::default()).await;
        gate.open.notify_one();
    });
    ran.unwrap();
    assert_eq!((other.state(id).await.0, world.effects(id, "done").await), ("completed", 1));
}

/// F10: a clock that is set back by an hour strands nothing: not what runs, not what waits, not what is tried again.
#[tokio::test]
async fn a_clock_that_is_set_back_strands_no_job() {
    let world = World::new().await;
    let process = world.process();
    let orphan = world.enqueue(&process.jobs).await;
    begin_and_die(&process).await;
    let retried = world.enqueue(&process.jobs).await;
    process.worker(ends_with(Outcome::retry("busy"))).run_pending().await.unwrap();
    let queued = world.enqueue(&process.jobs).await;
    world.clock.set_back(Duration::from_secs(3_600));
    process.jobs.maintain_once().await.unwrap();
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 3);
    for id in [orphan, retried, queued] {
        assert_eq!(process.state(id).await.0, "completed");
    }
}

/// F10: a worker that is stopped gives back what it cannot end; that attempt does not count.
#[tokio::test]
async fn a_stopped_worker_gives_its_jobs_back() {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let worker = process.worker(handler(move |_| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.pass().await;
            panic!("nobody opens the gate")
        })
    }));
    let stop = CancellationToken::new();
    let (ran, ()) = tokio::join!(worker.run(stop.clone()), async {
        gate.reached.notified().await;
        stop.cancel();
    });
    ran.unwrap();
    assert_eq!(process.state(id).await, ("queued", "queued".into(), 0));
    assert_eq!(process.worker(nothing()).run_pending().await.unwrap(), 1);
    assert_eq!(process.state(id).await, ("completed", "completed".into(), 1));
}

/// F10: what can end before the deadline does; nothing more is begun.
#[tokio::test]
async fn a_stopped_worker_lets_running_jobs_end() {
    let world = World::new().await;
    let process = world.process();
    let running = world.enqueue(&process.jobs).await;
    let gate = Gate::default();
    let passing = gate.clone();
    let gated = handler(move |_| {
        let gate = passing.clone();
        Box::pin(async move {
            gate.pass().await;
            Ok(Outcome::Completed(None))
        })
    });
    let config = WorkerConfig { drain: Duration::from_secs(60), ..WorkerConfig::default() };
    let worker = Worker::new(process.jobs.clone(), config, [("work", gated)]).unwrap();
    let stop = CancellationToken::new();
    let (ran, late) = tokio::join!(worker.run(stop.clone()), async {
        gate.reached.notified().await;
        stop.cancel();
        tokio::task::yield_now().await;
        let late = world.enqueue(&process.jobs).await;
        gate.open.notify_one();
        late
    });
    ran.unwrap();
    assert_eq!(process.state(running).await, ("completed", "completed".into(), 1));
    assert_eq!(process.state(late).await, ("queued", "queued".into(), 0));
}
