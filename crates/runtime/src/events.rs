//! Who says and who hears what, and what carries it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use prosopa_contract::events::JobChanged;
use prosopa_events::{
    Kafka, Listener, Outbox, Relay, RelayConfig, RelayMetrics, Runner, RunnerConfig, RunnerMetrics,
    Subscription,
};
use prosopa_jobs::{ChangeHook, JobRow};
use prosopa_model::Clock;
use prosopa_store::{Database, Error, Tx};

use crate::{Task, TaskKind};

/// What a service hears, from whom, and where it writes what it makes of it.
pub struct Listening {
    /// What it hears and does.
    pub subscription: Subscription,
    /// The services that say it, where their outboxes are read; one that is neither hosted nor heard here says nothing here.
    pub producers: &'static [&'static str],
    /// The listener's database.
    pub database: Database,
}

/// How long events are kept that nobody hears.
const KEEP_UNHEARD: Duration = Duration::from_hours(24);

/// How long events are kept for other processes.
const KEEP_FOR_OTHERS: Duration = Duration::from_hours(7 * 24);

/// Pause between two deletions of them.
const FORGET_PERIOD: Duration = Duration::from_secs(600);

/// One task for each subscription and producer, and one for each producer here that nobody here hears; the services
/// `heard_elsewhere` may be heard by other processes.
pub(crate) fn tasks(
    outboxes: &[Outbox],
    listenings: Vec<Listening>,
    heard_elsewhere: &[&str],
    clock: &Arc<dyn Clock>,
    metrics: &RunnerMetrics,
) -> Vec<Task> {
    let is_heard =
        |outbox: &&Outbox| listenings.iter().any(|listening| listening.producers.contains(&outbox.service()));
    let unheard = outboxes.iter().filter(|outbox| outbox.is_own() && !is_heard(outbox));
    let forget = |outbox: &Outbox| {
        let is_for_others = heard_elsewhere.contains(&outbox.service());
        forget(outbox.clone(), Arc::clone(clock), if is_for_others { KEEP_FOR_OTHERS } else { KEEP_UNHEARD })
    };
    let mut tasks: Vec<Task> = unheard.map(forget).collect();
    for listening in listenings {
        let heard = outboxes.iter().filter(|outbox| listening.producers.contains(&outbox.service()));
        for outbox in heard {
            let (outbox, clock, metrics) = (outbox.clone(), Arc::clone(clock), metrics.clone());
            let (subscription, database) = (listening.subscription.clone(), listening.database.clone());
            tasks.push(Task::new(listening.subscription.name, TaskKind::Restart, move |stop| {
                let mut runner = Runner::new(
                    subscription.clone(),
                    outbox.service(),
                    outbox.source(),
                    database.clone(),
                    Arc::clone(&clock),
                    RunnerConfig::default(),
                    metrics.clone(),
                );
                async move { Ok(runner.run(stop).await?) }
            }));
        }
    }
    tasks
}

/// One task for each producer here, which carries what it says to the brokers, and one for each subscription.
pub(crate) fn tasks_over(
    kafka: &Kafka,
    outboxes: &[Outbox],
    listenings: Vec<Listening>,
    clock: &Arc<dyn Clock>,
    (heard, relayed): (&RunnerMetrics, &RelayMetrics),
) -> Vec<Task> {
    let relay = |outbox: &Outbox| {
        let (kafka, outbox) = (kafka.clone(), outbox.clone());
        let (clock, metrics) = (Arc::clone(clock), relayed.clone());
        Task::new("relay_events", TaskKind::Restart, move |stop| {
            let (kafka, outbox, clock) = (kafka.clone(), outbox.clone(), Arc::clone(&clock));
            let mut relay = Relay::new(kafka, outbox, clock, RelayConfig::default(), metrics.clone());
            async move { Ok(relay.run(stop).await?) }
        })
    };
    let listen = |Listening { subscription, database, .. }: Listening| {
        let (kafka, clock, metrics) = (kafka.clone(), Arc::clone(clock), heard.clone());
        Task::new(subscription.name, TaskKind::Restart, move |stop| {
            let (subscription, database) = (subscription.clone(), database.clone());
            let (kafka, clock, config) = (kafka.clone(), Arc::clone(&clock), RunnerConfig::default());
            let mut listener = Listener::new(kafka, subscription, database, clock, config, metrics.clone());
            async move { Ok(listener.run(stop).await?) }
        })
    };
    outboxes.iter().map(relay).chain(listenings.into_iter().map(listen)).collect()
}

/// An outbox that nobody reads would grow for ever.
fn forget(outbox: Outbox, clock: Arc<dyn Clock>, keep: Duration) -> Task {
    Task::new("forget_unheard_events", TaskKind::Restart, move |stop| {
        let (outbox, clock) = (outbox.clone(), Arc::clone(&clock));
        async move {
            let mut ticks = tokio::time::interval(FORGET_PERIOD);
            while !stop.is_cancelled() {
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = ticks.tick() => outbox.forget_before(clock.now().before(keep)).await?,
                }
            }
            Ok(())
        }
    })
}

/// Publishes every change of a service's jobs that belong to an account.
pub struct JobEvents {
    outbox: Outbox,
    /// Where the service's jobs are asked for.
    list_path: &'static str,
}

impl JobEvents {
    /// To be given to the service's jobs, which lie in the same database as the outbox.
    pub const fn new(outbox: Outbox, list_path: &'static str) -> Self {
        Self { outbox, list_path }
    }
}

#[async_trait]
impl ChangeHook for JobEvents {
    async fn on_change(&self, tx: &mut Tx, job: &JobRow) -> Result<(), Error> {
        let Some(account_id) = job.account_id else { return Ok(()) };
        let event = JobChanged {
            job_id: job.id.to_string(),
            account_id: account_id.to_string(),
            service: self.outbox.service().to_owned(),
            kind: job.kind.clone(),
            class: job.class.as_str().to_owned(),
            status: job.status.as_str().to_owned(),
            phase: job.phase.clone(),
            progress_done: job.progress_done,
            progress_total: job.progress_total,
            attempts: job.attempts,
            created_at_us: job.created_at.micros(),
            changed_at_us: job.changed_at.micros(),
            problem_code: job.problem_code.clone().unwrap_or_default(),
            href: format!("{}/{}", self.list_path, job.id),
        };
        self.outbox.publish(tx, &event).await
    }
}
