//! What carries a test's events: the producer's rows, or the run's brokers where it has some.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_events::{
    Kafka, KafkaConfig, Listener, Relay, RelayConfig, RelayMetrics, Runner, RunnerConfig, RunnerMetrics,
    Subscription,
};
use prosopa_store::{Database, on_db, query_scalar};
use prosopa_telemetry::Metrics;
use prosopa_testkit::ManualClock;

use crate::support::World;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Longest time for one question to the brokers.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time between two looks at brokers, which need the processor too.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// What carries events in one test.
pub(crate) enum Transport {
    Outbox,
    Kafka(Box<Brokers>),
}

/// The run's brokers, with topics of one test's own.
pub(crate) struct Brokers {
    pub(crate) kafka: Kafka,
    pub(crate) config: KafkaConfig,
}

impl Brokers {
    /// Topics with this many partitions on the brokers at an address.
    pub(crate) fn at(address: &str, partitions: i32) -> Self {
        let topic_prefix = format!("t-{}", Uuid::new_v4().simple());
        let config =
            KafkaConfig { brokers: address.into(), topic_prefix, partitions, ..KafkaConfig::default() };
        Self { kafka: Kafka::new(config.clone()).unwrap(), config }
    }

    /// Topics on the brokers of the run, which has some.
    pub(crate) fn of_run(partitions: i32) -> Self {
        let address = std::env::var("PROSOPA_TEST_KAFKA").expect("run it under scripts/with-kafka.sh");
        Self::at(&address, partitions)
    }

    /// A topic's name there.
    pub(crate) fn physical(&self, topic: &str) -> String {
        topic.replacen("prosopa", &self.config.topic_prefix, 1)
    }

    /// A client that looks at these brokers past the product.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.config.brokers);
        client
    }

    pub(crate) fn relay(&self, world: &World) -> Relay {
        // Only rings and gaps are to make it look.
        let poll = Duration::from_secs(60);
        let config = RelayConfig { poll, lease: Duration::from_secs(4), ..RelayConfig::default() };
        let clock = Arc::<ManualClock>::clone(&world.clock);
        let metrics = RelayMetrics::declare(&Metrics::new()).unwrap();
        Relay::new(self.kafka.clone(), world.outbox.clone(), clock, config, metrics)
    }

    pub(crate) fn listener(
        &self,
        world: &World,
        subscription: Subscription,
        config: RunnerConfig,
    ) -> Listener {
        let clock = Arc::<ManualClock>::clone(&world.clock);
        let metrics = RunnerMetrics::declare(&Metrics::new()).unwrap();
        Listener::new(self.kafka.clone(), subscription, world.consumer.clone(), clock, config, metrics)
    }

    /// A group's client that joins nothing.
    fn probe(&self, subscription: &Subscription) -> Probe {
        let group = format!("{}.{}", self.config.topic_prefix, subscription.name);
        let client = self.client().set("group.id", group).create().unwrap();
        let topics = subscription.topics.iter().map(|topic| self.physical(topic)).collect();
        Probe { client: Arc::new(client), topics, partitions: self.config.partitions }
    }
}

impl Transport {
    /// What this run is for.
    pub(crate) fn of_run(partitions: i32) -> Self {
        let is_with_brokers = std::env::var("PROSOPA_TEST_KAFKA").is_ok_and(|address| !address.is_empty());
        if is_with_brokers { Self::Kafka(Box::new(Brokers::of_run(partitions))) } else { Self::Outbox }
    }

    /// Lets what carries events go on, between two looks at what came of it.
    pub(crate) async fn go_on(&self) {
        match self {
            Self::Outbox => tokio::task::yield_now().await,
            Self::Kafka(_) => tokio::time::sleep(LOOK_PERIOD).await,
        }
    }

    pub(crate) fn carrier(&self, world: &World, subscription: Subscription, config: RunnerConfig) -> Carrier {
        match self {
            Self::Outbox => {
                let metrics = RunnerMetrics::declare(&Metrics::new()).unwrap();
                let clock = Arc::<ManualClock>::clone(&world.clock);
                let (source, database) = (world.outbox.source(), world.consumer.clone());
                Carrier::Outbox(Box::new(Runner::new(
                    subscription,
                    "auth",
                    source,
                    database,
                    clock,
                    config,
                    metrics,
                )))
            }
            Self::Kafka(brokers) => Carrier::Kafka(Box::new(OverKafka {
                relay: brokers.relay(world),
                probe: brokers.probe(&subscription),
                name: subscription.name,
                listener: brokers.listener(world, subscription, config),
                databases: [world.producer.clone(), world.consumer.clone()],
            })),
        }
    }
}

/// What a process with one subscription does with a producer's events.
pub(crate) enum Carrier {
    Outbox(Box<Runner>),
    Kafka(Box<OverKafka>),
}

impl Carrier {
    pub(crate) async fn run(&mut self, stop: CancellationToken) -> Outcome {
        match self {
            Self::Outbox(runner) => Ok(runner.run(stop).await?),
            Self::Kafka(carrier) => carrier.run(stop).await,
        }
    }

    /// Until there is nothing more, neither said nor to be replayed.
    pub(crate) async fn run_pending(&mut self) -> Outcome {
        match self {
            Self::Outbox(runner) => Ok(runner.run_pending().await?),
            Self::Kafka(carrier) => carrier.run_pending().await,
        }
    }
}

pub(crate) struct OverKafka {
    relay: Relay,
    listener: Listener,
    probe: Probe,
    name: &'static str,
    /// The producer's and the listener's.
    databases: [Database; 2],
}

impl OverKafka {
    async fn run(&mut self, stop: CancellationToken) -> Outcome {
        let (relayed, listened) = tokio::join!(self.relay.run(stop.clone()), self.listener.run(stop));
        relayed?;
        Ok(listened?)
    }

    async fn run_pending(&mut self) -> Outcome {
        let stop = CancellationToken::new();
        let (probe, databases, name) = (self.probe.clone(), self.databases.clone(), self.name);
        let running = self.run(stop.clone());
        let watching = async {
            while !is_relayed(&databases[0]).await
                || !probe.is_at_end().await
                || is_asked(&databases[1], name).await
            {
                tokio::time::sleep(LOOK_PERIOD).await;
            }
            stop.cancel();
        };
        tokio::join!(running, watching).0
    }
}

async fn is_relayed(producer: &Database) -> bool {
    let sql = "SELECT COALESCE((SELECT max(position) FROM outbox), 0)
         - COALESCE((SELECT max(position) FROM event_relays), 0)";
    let mut connection = producer.read().await.unwrap();
    let missing: i64 = on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap();
    missing <= 0
}

async fn is_asked(consumer: &Database, subscription: &str) -> bool {
    let sql =
        "SELECT count(*) FROM event_dead_letters WHERE subscription = $1 AND replay_requested_at IS NOT NULL";
    let mut connection = consumer.read().await.unwrap();
    let asked: i64 =
        on_db!(connection, c => query_scalar(sql).bind(subscription).fetch_one(c).await).unwrap();
    asked > 0
}

/// Sees how far a group is.
#[derive(Clone)]
struct Probe {
    client: Arc<BaseConsumer>,
    topics: Vec<String>,
    partitions: i32,
}

impl Probe {
    async fn is_at_end(&self) -> bool {
        let probe = self.clone();
        tokio::task::spawn_blocking(move || probe.ask()).await.unwrap()
    }

    fn ask(&self) -> bool {
        let mut places = TopicPartitionList::new();
        for topic in &self.topics {
            places.add_partition_range(topic, 0, self.partitions - 1);
        }
        // The topics are made by the first process; until then nothing is at an end.
        let Ok(noted) = self.client.committed_offsets(places, PATIENCE) else { return false };
        noted.elements().iter().all(|place| {
            let end = self.client.fetch_watermarks(place.topic(), place.partition(), PATIENCE);
            match (end, place.offset()) {
                (Ok((_, end)), Offset::Offset(noted)) => noted >= end,
                (Ok((_, end)), _) => end == 0,
                (Err(_), _) => false,
            }
        })
    }
}
