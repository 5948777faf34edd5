//! A producer, a consumer, and handlers that write rows.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use uuid::Uuid;

use prosopa_contract::events::{AUTH_EVENTS, Event, JOB_EVENTS, UserRegistered};
use prosopa_events::{Delivery, Handler, HandlerError, Outbox, RunnerConfig, Subscription};
use prosopa_store::{Database, Migration, Tx, affected, on_db, query, query_scalar};
use prosopa_testkit::{ManualClock, TestHome};

use crate::transport::{Carrier, Transport};

pub(crate) const EFFECTS: Migration = Migration {
    name: "effects",
    sqlite: "CREATE TABLE effects (place INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT NOT NULL) STRICT",
    postgres: "CREATE TABLE effects (place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who TEXT NOT NULL)",
};

/// The schema of both databases.
pub(crate) const MIGRATIONS: &[Migration] =
    &[prosopa_events::MIGRATION, EFFECTS, prosopa_events::REPLAY_MIGRATION, prosopa_events::RELAY_MIGRATION];

pub(crate) struct World {
    pub(crate) producer: Database,
    pub(crate) consumer: Database,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Arc<ManualClock>,
    /// While it is set, handlers refuse everything.
    pub(crate) is_closed: Arc<AtomicBool>,
    pub(crate) home: TestHome,
    pub(crate) transport: Transport,
}

/// Writes a row for each user; fails in the ways that users' ids ask for.
pub(crate) struct Writer {
    /// How often an event of `later` is refused.
    refusals: AtomicU32,
    is_closed: Arc<AtomicBool>,
}

#[async_trait]
impl Handler for Writer {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let Some(user) = event.read::<UserRegistered>()? else { return Ok(()) };
        write(tx, &user.user_id).await;
        match user.user_id.as_str() {
            _ if self.is_closed.load(Ordering::Relaxed) => Err(HandlerError::Retry("closed".into())),
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
        Self::over(Transport::of_run(1)).await
    }

    /// With its events carried by this.
    pub(crate) async fn over(transport: Transport) -> Self {
        let home = TestHome::new();
        let producer = Database::open(&home.options("producer"), MIGRATIONS).await.unwrap();
        let consumer = Database::open(&home.options("consumer"), MIGRATIONS).await.unwrap();
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        let outbox = Outbox::new("auth", producer.clone(), Arc::<ManualClock>::clone(&clock));
        Self { producer, consumer, outbox, clock, is_closed: Arc::default(), home, transport }
    }

    pub(crate) async fn say(&self, id: &str) {
        let mut tx = self.producer.begin().await.unwrap();
        self.outbox.publish(&mut tx, &user(id)).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A runner of a subscription, as each process has one.
    pub(crate) fn runner(&self, name: &'static str) -> Carrier {
        self.runner_of(self.subscription(name))
    }

    /// A runner of a subscription to another topic.
    pub(crate) fn deaf_runner(&self) -> Carrier {
        self.runner_of(self.deaf_subscription("deaf"))
    }

    pub(crate) fn subscription(&self, name: &'static str) -> Subscription {
        let handler =
            Arc::new(Writer { refusals: AtomicU32::new(2), is_closed: Arc::clone(&self.is_closed) });
        Subscription { name, topics: &[AUTH_EVENTS], handler }
    }

    /// A subscription to another topic.
    pub(crate) fn deaf_subscription(&self, name: &'static str) -> Subscription {
        Subscription { topics: &[JOB_EVENTS], ..self.subscription(name) }
    }

    pub(crate) fn runner_of(&self, subscription: Subscription) -> Carrier {
        let config = RunnerConfig {
            attempts_max: 3,
            pause: std::time::Duration::from_millis(1),
            ..RunnerConfig::default()
        };
        self.transport.carrier(self, subscription, config)
    }

    /// Puts aside what was said of a user, as the first version did.
    pub(crate) async fn insert_older_letter(&self, consumer: &Database, id: &str) {
        let sql = "INSERT INTO event_dead_letters
               (subscription, event_id, topic, key, type, time, traceparent, data, reason, attempts, failed_at)
             VALUES ('users', $1, $2, $3, $4, 1, NULL, $5, 'not today', 8, 2)";
        let mut tx = consumer.begin().await.unwrap();
        on_db!(tx, c => query(sql)
            .bind(Uuid::now_v7())
            .bind(AUTH_EVENTS)
            .bind(id)
            .bind(UserRegistered::TYPE)
            .bind(prost::Message::encode_to_vec(&user(id)))
            .execute(c)
            .await
            .map(affected))
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// Whose events had an effect, in the order of the effects.
    pub(crate) async fn effects(&self) -> Vec<String> {
        let mut connection = self.consumer.read().await.unwrap();
        let sql = "SELECT who FROM effects ORDER BY place";
        on_db!(connection, c => query_scalar(sql).fetch_all(c).await).unwrap()
    }

    /// Sets every cursor back to the beginning, as a lost acknowledgement does.
    pub(crate) async fn forget_cursors(&self) {
        let cursors = [
            (&self.consumer, "UPDATE event_cursors SET position = 0"),
            (&self.producer, "UPDATE event_relays SET position = 0"),
        ];
        for (database, sql) in cursors {
            let mut tx = database.begin().await.unwrap();
            on_db!(tx, c => query(sql).execute(c).await.map(affected)).unwrap();
            tx.commit().await.unwrap();
        }
    }

    pub(crate) async fn count(&self, database: &Database, sql: &'static str) -> i64 {
        let mut connection = database.read().await.unwrap();
        on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap()
    }
}
