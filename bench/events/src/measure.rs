//! One measurement: a backend, a producer with a database, a subscription with another.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use prosopa_contract::events::{AUTH_EVENTS, UserRegistered};
use prosopa_events::{
    Delivery, Handler, HandlerError, Outbox, Runner, RunnerConfig, RunnerMetrics, Subscription,
};
use prosopa_model::SystemClock;
use prosopa_store::{Database, Migration, Options, Tx, affected, on_db, query};
use prosopa_telemetry::Metrics;

const EFFECTS: Migration = Migration {
    name: "effects",
    sqlite: "CREATE TABLE effects (who TEXT NOT NULL PRIMARY KEY) STRICT",
    postgres: "CREATE TABLE effects (who TEXT NOT NULL PRIMARY KEY)",
};

const MIGRATIONS: &[Migration] = &[prosopa_events::MIGRATION, prosopa_events::REPLAY_MIGRATION, EFFECTS];

/// Time between two events: 200 a second.
const PERIOD: Duration = Duration::from_millis(5);

/// Events before the measured ones, while pools and caches fill.
const WARM_UP: usize = 200;

/// Events of 20 seconds.
const EVENTS: usize = 4_000;

/// Longest time for what was said last to have its effect.
const PATIENCE: Duration = Duration::from_secs(30);

/// When each event was due, and when its effect was committed; by its number.
type Times = Arc<Mutex<Vec<(Instant, Option<Instant>)>>>;

/// Writes a row for each user, and notes when it is committed.
struct Writer(Times);

#[async_trait]
impl Handler for Writer {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let Some(user) = event.read::<UserRegistered>()? else { return Ok(()) };
        let sql = "INSERT INTO effects (who) VALUES ($1)";
        on_db!(tx, c => query(sql).bind(&user.user_id).execute(c).await.map(affected))?;
        let (committed, times) = (Arc::new(Notify::new()), Arc::clone(&self.0));
        tx.wake_on_commit(&committed);
        tokio::spawn(async move {
            committed.notified().await;
            let number: usize = user.user_id.parse().unwrap();
            times.lock().unwrap()[number].1 = Some(Instant::now());
        });
        Ok(())
    }
}

/// Prints the row of one backend.
pub(crate) async fn measure(name: &str, [producer, consumer]: [Options; 2]) {
    let producer = Database::open(&producer, MIGRATIONS).await.unwrap();
    let consumer = Database::open(&consumer, MIGRATIONS).await.unwrap();
    let (times, clock) = (Times::default(), Arc::new(SystemClock));
    let outbox = Outbox::new("auth", producer.clone(), Arc::<SystemClock>::clone(&clock));
    let handler = Arc::new(Writer(Arc::clone(&times)));
    let subscription = Subscription { name: "bench", topics: &[AUTH_EVENTS], handler };
    let metrics = RunnerMetrics::declare(&Metrics::new()).unwrap();
    let config = RunnerConfig::default();
    let mut runner =
        Runner::new(subscription, "auth", outbox.source(), consumer.clone(), clock, config, metrics);
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let running = tokio::spawn(async move { runner.run(stopped).await });

    let (began, ended) = say(&producer, &outbox, &times).await;
    let all_said = Instant::now();
    while times.lock().unwrap().iter().any(|(_, effect)| effect.is_none()) {
        assert!(all_said.elapsed() < PATIENCE, "events without an effect");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    print(name, EVENTS as f64 / (ended - began).as_secs_f64(), &times.lock().unwrap()[WARM_UP..]);
}

/// Says everything at the steady rate; when the first measured event was due and the last one was committed.
async fn say(producer: &Database, outbox: &Outbox, times: &Times) -> (Instant, Instant) {
    let mut ticks = tokio::time::interval(PERIOD);
    // What is late is made up for, and its lateness counts.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..WARM_UP + EVENTS {
        let due = ticks.tick().await;
        times.lock().unwrap().push((due, None));
        let event = UserRegistered { user_id: number.to_string(), account_id: "bench".into() };
        let mut tx = producer.begin().await.unwrap();
        outbox.publish(&mut tx, &event).await.unwrap();
        tx.commit().await.unwrap();
    }
    let began = times.lock().unwrap()[WARM_UP].0;
    (began, Instant::now())
}

fn print(name: &str, rate: f64, times: &[(Instant, Option<Instant>)]) {
    let mut taken: Vec<Duration> = times.iter().map(|(due, effect)| effect.unwrap() - *due).collect();
    taken.sort();
    let ms = |share: f64| taken[((taken.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    println!("| {name} | {rate:.0} | {:.1} ms | {:.1} ms | {:.1} ms |", ms(0.5), ms(0.99), ms(1.0));
}
