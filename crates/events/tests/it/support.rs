//! A producer, a consumer, and handlers that write rows.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;

use prosopa_contract::events::{AUTH_EVENTS, JOB_EVENTS, UserRegistered};
use prosopa_events::{
    Delivery, Handler, HandlerError, Outbox, Runner, RunnerConfig, RunnerMetrics, Subscription,
};
use prosopa_store::{Database, Migration, Tx, affected, on_db, query, query_scalar};
use prosopa_telemetry::Metrics;
use prosopa_testkit::{ManualClock, TestHome};

const EFFECTS: Migration = Migration {
    name: "effects",
    sqlite: "CREATE TABLE effects (place INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT NOT NULL) STRICT",
    postgres: "CREATE TABLE effects (place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who TEXT NOT NULL)",
};

pub(crate) struct World {
    pub(crate) producer: Database,
    pub(crate) consumer: Database,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Arc<ManualClock>,
    metrics: RunnerMetrics,
    _home: TestHome,
}

/// Writes a row for each user; fails in the ways that users' ids ask for.
pub(crate) struct Writer {
    /// How often an event of `later` is refused.
    pub(crate) refusals: AtomicU32,
}

#[async_trait]
impl Handler for Writer {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let Some(user) = event.read::<UserRegistered>()? else { return Ok(()) };
        write(tx, &user.user_id).await;
        match user.user_id.as_str() {
            "poison" => Err(HandlerError::Poison("nobody can use this".into())),
            "never" => Err(HandlerError::Retry("not today".into())),
            "later" if take(&self.refusals) => Err(HandlerError::Retry("not yet".into())),
            _ => Ok(()),
        }
    }
}

fn take(refusals: &AtomicU32) -> bool {
    refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

async fn write(tx: &mut Tx, who: &str) {
    let sql = "INSERT INTO effects (who) VALUES ($1)";
    on_db!(tx, c => query(sql).bind(who).execute(c).await.map(affected)).unwrap();
}

pub(crate) fn user(id: &str) -> UserRegistered {
    UserRegistered { user_id: id.into(), account_id: "acc".into() }
}

impl World {
    pub(crate) async fn new() -> Self {
        let home = TestHome::new();
        let producer =
            Database::open(&home.options("producer"), &[prosopa_events::MIGRATION, EFFECTS]).await.unwrap();
        let consumer =
            Database::open(&home.options("consumer"), &[prosopa_events::MIGRATION, EFFECTS]).await.unwrap();
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        let outbox = Outbox::new("auth", producer.clone(), Arc::<ManualClock>::clone(&clock));
        let metrics = RunnerMetrics::declare(&Metrics::new()).unwrap();
        Self { producer, consumer, outbox, clock, metrics, _home: home }
    }

    pub(crate) async fn say(&self, id: &str) {
        let mut tx = self.producer.begin().await.unwrap();
        self.outbox.publish(&mut tx, &user(id)).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A runner of a subscription, as each process has one.
    pub(crate) fn runner(&self, name: &'static str) -> Runner {
        let handler = Arc::new(Writer { refusals: AtomicU32::new(2) });
        self.runner_of(Subscription { name, topics: &[AUTH_EVENTS], handler })
    }

    /// A runner of a subscription to another topic.
    pub(crate) fn deaf_runner(&self) -> Runner {
        let handler = Arc::new(Writer { refusals: AtomicU32::new(0) });
        self.runner_of(Subscription { name: "deaf", topics: &[JOB_EVENTS], handler })
    }

    fn runner_of(&self, subscription: Subscription) -> Runner {
        let config = RunnerConfig {
            attempts_max: 3,
            pause: std::time::Duration::from_millis(1),
            ..RunnerConfig::default()
        };
        let clock = Arc::<ManualClock>::clone(&self.clock);
        let (source, metrics) = (self.outbox.source(), self.metrics.clone());
        Runner::new(subscription, "auth", source, self.consumer.clone(), clock, config, metrics)
    }

    /// Whose events had an effect, in the order of the effects.
    pub(crate) async fn effects(&self) -> Vec<String> {
        let mut connection = self.consumer.read().await.unwrap();
        let sql = "SELECT who FROM effects ORDER BY place";
        on_db!(connection, c => query_scalar(sql).fetch_all(c).await).unwrap()
    }

    /// Sets every cursor back to the beginning, as a lost acknowledgement does.
    pub(crate) async fn forget_cursors(&self) {
        let mut tx = self.consumer.begin().await.unwrap();
        let sql = "UPDATE event_cursors SET position = 0";
        on_db!(tx, c => query(sql).execute(c).await.map(affected)).unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn count(&self, database: &Database, sql: &'static str) -> i64 {
        let mut connection = database.read().await.unwrap();
        on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap()
    }
}
