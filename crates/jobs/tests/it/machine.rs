use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;
use tokio::sync::Notify;

use prosopa_jobs::{Outcome, Worker};
use prosopa_problem::Code;

use crate::support::{LEASE_OVER, Process, World, complete, handler};

/// Everything that can happen to a job.
#[derive(Debug, Clone, Copy)]
enum Event {
    Run(End),
    /// A cancel arrives while the handler runs.
    RunCalledOff(End),
    Cancel,
    Retry,
    /// Time passes, long enough for every pause and lease; lost jobs are recovered.
    Later,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Complete,
    CompleteWithEffect,
    Fail,
    TryAgain,
    GiveUp,
    Die,
}

/// What the documentation says of the state machine, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    status: &'static str,
    attempts: u64,
    is_called_off: bool,
    is_paused: bool,
    effects: i64,
}

const ATTEMPTS_MAX: u64 = 3;

impl Model {
    fn apply(&mut self, event: Event) {
        match event {
            Event::Run(end) if self.is_due() => self.run(end),
            Event::RunCalledOff(end) if self.is_due() => {
                self.is_called_off = true;
                self.run(end);
            }
            Event::Cancel if self.status == "queued" => self.status = "cancelled",
            Event::Cancel if self.status == "processing" => self.is_called_off = true,
            Event::Retry if matches!(self.status, "failed" | "cancelled") => {
                *self = Self {
                    status: "queued",
                    attempts: 0,
                    is_called_off: false,
                    is_paused: false,
                    ..self.clone()
                };
            }
            Event::Later => {
                self.is_paused = false;
                if self.status == "processing" {
                    self.requeue();
                }
            }
            _ => {}
        }
    }

    fn is_due(&self) -> bool {
        self.status == "queued" && !self.is_paused
    }

    fn run(&mut self, end: End) {
        self.attempts += 1;
        match end {
            End::Complete => self.status = "completed",
            End::CompleteWithEffect => {
                self.status = "completed";
                self.effects += 1;
            }
            End::Fail => self.status = "failed",
            End::GiveUp => self.status = "cancelled",
            End::Die => self.status = "processing",
            End::TryAgain if self.attempts >= ATTEMPTS_MAX => self.status = "failed",
            End::TryAgain => {
                self.requeue();
                self.is_paused = self.status == "queued";
            }
        }
    }

    fn requeue(&mut self) {
        self.status = if self.is_called_off {
            "cancelled"
        } else if self.attempts >= ATTEMPTS_MAX {
            "failed"
        } else {
            "queued"
        };
    }
}

/// Ends each run as it is told, and dies by never coming back.
struct Told {
    end: Mutex<(End, bool)>,
    dead: Notify,
}

fn worker(world: &World, process: &Process, told: &Arc<Told>) -> Worker {
    let (told, database) = (Arc::clone(told), world.database.clone());
    let (jobs, account) = (process.jobs.clone(), world.account);
    process.worker(handler(move |ctx| {
        let (told, database, jobs) = (Arc::clone(&told), database.clone(), jobs.clone());
        Box::pin(async move {
            let (end, is_called_off) = *told.end.lock().unwrap();
            if is_called_off {
                jobs.cancel(account, ctx.id()).await.unwrap();
            }
            match end {
                End::Complete => Ok(Outcome::Completed(None)),
                End::CompleteWithEffect => complete(&database, ctx, "done").await,
                End::Fail => Ok(Outcome::failed(Code::Internal, "broken")),
                End::TryAgain => Ok(Outcome::Retry {
                    code: Code::Unavailable,
                    remark: "busy".into(),
                    after: Some(Duration::from_secs(60)),
                }),
                End::GiveUp => Ok(Outcome::Cancelled),
                End::Die => {
                    told.dead.notify_one();
                    std::future::pending().await
                }
            }
        })
    }))
}

async fn agrees_with_the_model(events: &[Event]) -> Result<(), TestCaseError> {
    let world = World::new().await;
    let process = world.process();
    let id = world.enqueue(&process.jobs).await;
    let told = Arc::new(Told { end: Mutex::new((End::Complete, false)), dead: Notify::new() });
    let worker = worker(&world, &process, &told);
    let mut model =
        Model { status: "queued", attempts: 0, is_called_off: false, is_paused: false, effects: 0 };
    for event in events {
        match *event {
            Event::Run(end) | Event::RunCalledOff(end) => {
                *told.end.lock().unwrap() = (end, matches!(event, Event::RunCalledOff(_)));
                tokio::select! {
                    ran = worker.run_pending() => { ran.unwrap(); }
                    () = told.dead.notified() => {}
                }
            }
            Event::Cancel => drop(process.jobs.cancel(world.account, id).await.unwrap()),
            Event::Retry => drop(process.jobs.retry(world.account, id).await.unwrap()),
            Event::Later => {
                world.clock.advance(LEASE_OVER * 2);
                process.jobs.maintain_once().await.unwrap();
            }
        }
        model.apply(*event);
        let row = process.find(id).await;
        prop_assert_eq!(row.status.as_str(), model.status, "after {:?}", event);
        prop_assert_eq!(row.attempts, model.attempts, "after {:?}", event);
        prop_assert_eq!(world.effects(id, "done").await, model.effects);
        prop_assert_eq!(row.finished_at.is_some(), row.status.is_finished());
    }
    Ok(())
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let end = prop_oneof![
        1 => Just(End::Complete),
        1 => Just(End::CompleteWithEffect),
        2 => Just(End::Fail),
        4 => Just(End::TryAgain),
        1 => Just(End::GiveUp),
        3 => Just(End::Die),
    ];
    let event = prop_oneof![
        4 => end.clone().prop_map(Event::Run),
        2 => end.prop_map(Event::RunCalledOff),
        1 => Just(Event::Cancel),
        2 => Just(Event::Retry),
        4 => Just(Event::Later),
    ];
    prop::collection::vec(event, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// F10: whatever happens in whatever order, a job stands where the rules say.
    #[test]
    fn a_job_follows_its_state_machine(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(agrees_with_the_model(&events))?;
    }
}
