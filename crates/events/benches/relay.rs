//! How many events a second a relay carries from an outbox to brokers, beside a bare producer in the same run, and how long
//! an event takes from its commit to the effect in a listener. Prints Markdown tables; `bench/events/run.sh` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement that cannot be made has failed"
)]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::join_all;
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_contract::events::{AUTH_EVENTS, UserRegistered};
use prosopa_events::{
    Delivery, Handler, HandlerError, Kafka, KafkaConfig, Listener, Outbox, Relay, RelayConfig, RelayMetrics,
    RunnerConfig, RunnerMetrics, Subscription,
};
use prosopa_model::SystemClock;
use prosopa_store::{Database, Migration, Options, Tx, on_db, query_scalar};
use prosopa_telemetry::Metrics;

const MIGRATIONS: &[Migration] =
    &[prosopa_events::MIGRATION, prosopa_events::REPLAY_MIGRATION, prosopa_events::RELAY_MIGRATION];

/// Events carried and records produced for the rate, each with about this many bytes.
const EVENTS: usize = 200_000;
const EVENT_BYTES: usize = 1_000;

/// Rounds in turns behind a rate, of which the median counts, after one that does not.
const ROUNDS: usize = 3;

/// Events of one transaction, while the outbox is filled.
const FILL_STEP: usize = 1_000;

/// Events whose way to the effect is measured, one every so often.
const MEASURED: usize = 1_000;
const PERIOD: Duration = Duration::from_millis(5);

/// Measured ones that do not count, while caches fill, after one that is waited for while the group is joined.
const WARM_UP: usize = 100;

/// Hands on which event had its effect once that is committed.
struct Teller(mpsc::Sender<(usize, Instant)>);

#[async_trait]
impl Handler for Teller {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let Some(user) = event.read::<UserRegistered>()? else { return Ok(()) };
        let committed = Arc::new(tokio::sync::Notify::new());
        tx.wake_on_commit(&committed);
        let (told, number) = (self.0.clone(), user.user_id.parse().unwrap());
        tokio::spawn(async move {
            committed.notified().await;
            told.send((number, Instant::now())).await.unwrap();
        });
        Ok(())
    }
}

fn event(number: usize, bytes: usize) -> UserRegistered {
    UserRegistered { user_id: number.to_string(), account_id: "a".repeat(bytes) }
}

struct Place {
    database: Database,
    outbox: Outbox,
    kafka: Kafka,
}

impl Place {
    async fn new(options: &Options, config: &KafkaConfig) -> Self {
        let database = Database::open(options, MIGRATIONS).await.unwrap();
        let outbox = Outbox::new("auth", database.clone(), Arc::new(SystemClock));
        let kafka = Kafka::new(config.clone()).unwrap();
        kafka.ensure_topics().await.unwrap();
        Self { database, outbox, kafka }
    }

    fn relay(&self) -> Relay {
        let metrics = RelayMetrics::declare(&Metrics::new()).unwrap();
        let (kafka, outbox) = (self.kafka.clone(), self.outbox.clone());
        Relay::new(kafka, outbox, Arc::new(SystemClock), RelayConfig::default(), metrics)
    }

    async fn carried(&self) -> i64 {
        let sql = "SELECT COALESCE(max(position), 0) FROM event_relays";
        let mut connection = self.database.read().await.unwrap();
        on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap()
    }

    /// Events a second through the relay, from its start to its note of the last acknowledgement; they follow those that were
    /// carried before.
    async fn rate(&self) -> f64 {
        let last = self.carried().await + i64::try_from(EVENTS).unwrap();
        for first in (0..EVENTS).step_by(FILL_STEP) {
            let mut tx = self.database.begin().await.unwrap();
            for number in first..first + FILL_STEP {
                self.outbox.publish(&mut tx, &event(number, EVENT_BYTES)).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        let (mut relay, stop) = (self.relay(), CancellationToken::new());
        let stopped = stop.clone();
        let began = Instant::now();
        let running = tokio::spawn(async move { relay.run(stopped).await });
        while self.carried().await < last {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let rate = EVENTS as f64 / began.elapsed().as_secs_f64();
        stop.cancel();
        running.await.unwrap().unwrap();
        rate
    }

    /// From the commit of each event, said by `saying`, to that of its effect.
    async fn ways(&self, saying: &Self, consumer: &Options) -> Vec<Duration> {
        let consumer = Database::open(consumer, MIGRATIONS).await.unwrap();
        let (told, mut telling) = mpsc::channel(MEASURED);
        let subscription =
            Subscription { name: "bench", topics: &[AUTH_EVENTS], handler: Arc::new(Teller(told)) };
        let metrics = RunnerMetrics::declare(&Metrics::new()).unwrap();
        let clock = Arc::new(SystemClock);
        let (kafka, config) = (self.kafka.clone(), RunnerConfig::default());
        let mut listener = Listener::new(kafka, subscription, consumer, clock, config, metrics);
        let (mut relay, stop) = (self.relay(), CancellationToken::new());
        let (for_relay, for_listener) = (stop.clone(), stop.clone());
        let running = tokio::spawn(async move {
            let (relayed, listened) = tokio::join!(relay.run(for_relay), listener.run(for_listener));
            relayed.and(listened)
        });
        let mut tx = saying.database.begin().await.unwrap();
        saying.outbox.publish(&mut tx, &event(0, 10)).await.unwrap();
        tx.commit().await.unwrap();
        telling.recv().await.unwrap();
        let mut ticks = tokio::time::interval(PERIOD);
        let mut committed = Vec::with_capacity(MEASURED);
        for number in 0..MEASURED {
            ticks.tick().await;
            let mut tx = saying.database.begin().await.unwrap();
            saying.outbox.publish(&mut tx, &event(number, 10)).await.unwrap();
            tx.commit().await.unwrap();
            committed.push(Instant::now());
        }
        let mut ways = Vec::new();
        for _ in 0..MEASURED {
            let (number, effect) = telling.recv().await.unwrap();
            if number >= WARM_UP {
                ways.push(effect.saturating_duration_since(committed[number]));
            }
        }
        stop.cancel();
        running.await.unwrap().unwrap();
        ways
    }
}

/// The headers of a record as the relay makes them.
const HEADERS: [(&str, &str); 8] = [
    ("ce_specversion", "1.0"),
    ("ce_id", "01993a5c-7b52-7d3e-8f10-6a4b2c1d0e9f"),
    ("ce_source", "prosopa/auth"),
    ("ce_type", "prosopa.auth.user.registered.v1"),
    ("ce_subject", "01993a5c-7b52-7d3e-8f10-6a4b2c1d0e9f"),
    ("ce_time", "2026-11-21T09:30:00.000000Z"),
    ("ce_sequence", "00000000000000000001"),
    ("content-type", "application/protobuf"),
];

/// Records a second of a producer with the relay's settings, the same kind of record, and nothing else to do.
async fn bare_rate(config: &KafkaConfig) -> f64 {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &config.brokers).set("enable.idempotence", "true").set("acks", "all");
    client.set("compression.type", "lz4").set("linger.ms", "0");
    let producer: FutureProducer = client.create().unwrap();
    let topic = AUTH_EVENTS.replacen("prosopa", &config.topic_prefix, 1);
    let payload = "a".repeat(EVENT_BYTES);
    let keys: Vec<String> = (0..EVENTS).map(|number| number.to_string()).collect();
    let began = Instant::now();
    let sent = keys.iter().map(|key| {
        let headers =
            HEADERS.iter().fold(OwnedHeaders::new_with_capacity(HEADERS.len()), |headers, (key, value)| {
                headers.insert(Header { key, value: Some(*value) })
            });
        let record = FutureRecord::to(&topic).key(key).payload(&payload).headers(headers);
        producer.send(record, Duration::from_secs(60))
    });
    for told in join_all(sent).await {
        told.unwrap();
    }
    EVENTS as f64 / began.elapsed().as_secs_f64()
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

#[tokio::main]
async fn main() {
    let brokers = std::env::var("PROSOPA_TEST_KAFKA").expect("run it under scripts/with-kafka.sh");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| Options::file(folder.path().join(name));
    let files = ["rate.db", "producer.db", "consumer.db", "other-producer.db", "other-consumer.db"];
    let mut backends = vec![("SQLite, synchronous=FULL", files.map(file))];
    if let Ok(server) = std::env::var("PROSOPA_TEST_POSTGRES") {
        let run = Uuid::now_v7().simple().to_string();
        let database = |name: &str| {
            let name = name.trim_end_matches(".db").replace('-', "_");
            Options::server(&format!("{server}/bench_{name}_{run}")).unwrap()
        };
        backends.push(("PostgreSQL", files.map(database)));
    }
    let config = || KafkaConfig {
        brokers: brokers.clone(),
        topic_prefix: format!("bench-{}", Uuid::now_v7().simple()),
        ..KafkaConfig::default()
    };
    let shown = |mut ways: Vec<Duration>| {
        ways.sort();
        let ms = |share: f64| ways[((ways.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
        format!("{:.1} ms | {:.1} ms | {:.1} ms", ms(0.5), ms(0.99), ms(1.0))
    };
    println!("| outbox on | relay, events/s | bare producer, records/s | share |");
    println!("|---|---|---|---|");
    let mut rows = Vec::new();
    for (name, [rate, producer, consumer, other_producer, other_consumer]) in backends {
        let rate_config = config();
        let place = Place::new(&rate, &rate_config).await;
        let (mut relayed, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..=ROUNDS {
            bare.push(bare_rate(&rate_config).await);
            relayed.push(place.rate().await);
        }
        let (relayed, bare) = (median(&relayed[1..]), median(&bare[1..]));
        println!("| {name} | {relayed:.0} | {bare:.0} | {:.2} |", relayed / bare);
        let place = Place::new(&producer, &config()).await;
        rows.push((name, "the same", shown(place.ways(&place, &consumer).await)));
        let other_config = config();
        let place = Place::new(&other_producer, &other_config).await;
        let saying = Place::new(&other_producer, &other_config).await;
        rows.push((name, "another", shown(place.ways(&saying, &other_consumer).await)));
    }
    println!("\n| outbox on | said by a process that is | commit to effect p50 | p99 | max |");
    println!("|---|---|---|---|---|");
    for (name, process, ways) in rows {
        println!("| {name} | {process} | {ways} |");
    }
}
