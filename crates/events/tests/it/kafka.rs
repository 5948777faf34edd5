//! What only brokers can show. These are left out where a run has none: `scripts/with-kafka.sh` gives it some.

use std::{path::Path, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::{Header, Headers, Message, OwnedHeaders, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};
use tokio_util::sync::CancellationToken;

use prosopa_contract::events::{AUTH_EVENTS, QUOTA_PLANS};
use prosopa_events::{Kafka, KafkaConfig, RunnerConfig, TopicError, list_dead_letters};
use prosopa_testkit::TestBroker;

use crate::{
    support::World,
    transport::{Brokers, Carrier, Transport},
};

async fn world(partitions: i32) -> World {
    World::over(Transport::Kafka(Box::new(Brokers::of_run(partitions)))).await
}

fn brokers(world: &World) -> &Brokers {
    match &world.transport {
        Transport::Kafka(brokers) => brokers,
        Transport::Outbox => panic!("a world over brokers"),
    }
}

/// Everything in a topic.
async fn records(brokers: &Brokers, topic: &str, partitions: i32) -> Vec<OwnedMessage> {
    let mut client = brokers.client();
    let consumer: BaseConsumer = client.set("group.id", "nobody").create().unwrap();
    let topic = brokers.physical(topic);
    tokio::task::spawn_blocking(move || {
        let (mut places, mut wanted) = (TopicPartitionList::new(), 0);
        for partition in 0..partitions {
            let (first, end) = consumer.fetch_watermarks(&topic, partition, Duration::from_secs(20)).unwrap();
            wanted += end - first;
            places.add_partition_offset(&topic, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&places).unwrap();
        let polled = std::iter::from_fn(|| Some(consumer.poll(Duration::from_secs(20)).unwrap().unwrap()));
        polled.take(usize::try_from(wanted).unwrap()).map(|record| record.detach()).collect()
    })
    .await
    .unwrap()
}

fn headers(record: &OwnedMessage) -> Vec<(String, String)> {
    let headers = record.headers().unwrap();
    let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
    headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
}

/// Puts bytes into a topic past the product.
async fn intrude(brokers: &Brokers, topic: &str, key: Option<&str>, headers: OwnedHeaders, bytes: &[u8]) {
    let producer: FutureProducer = brokers.client().create().unwrap();
    let topic = brokers.physical(topic);
    let mut record = FutureRecord::<str, [u8]>::to(&topic).payload(bytes).headers(headers);
    record.key = key;
    producer.send(record, Duration::from_secs(20)).await.unwrap();
}

fn names(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("u{number:03}")).collect()
}

/// F10: the key, the value and every header of a record, which must not change: other versions read them.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn records_keep_their_bytes() {
    let world = world(1).await;
    world.say("u1").await;
    world.runner("users").run_pending().await.unwrap();
    let record = records(brokers(&world), AUTH_EVENTS, 1).await.remove(0);
    assert_eq!(record.key().unwrap(), b"u1");
    assert_eq!(record.payload().unwrap(), b"\x0a\x02u1\x12\x03acc");
    // The brokers keep it from when it came to them, however long ago it was said.
    let said_ms = 1_769_860_800_000;
    assert!(record.timestamp().to_millis().unwrap() > said_ms + 24 * 60 * 60 * 1_000);
    let mut told = headers(&record);
    let id = told.iter().position(|(name, _)| name == "ce_id").unwrap();
    assert_eq!(told.remove(id).1.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    let expected = [
        ("ce_specversion", "1.0"),
        ("ce_source", "prosopa/auth"),
        ("ce_type", "dev.prosopa.user.registered.v1"),
        ("ce_subject", "u1"),
        ("ce_time", "2026-01-31T12:00:00.000000Z"),
        ("ce_sequence", "0000000000000000001"),
        ("content-type", "application/protobuf"),
    ];
    assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// F10: events of one key stay in order over several partitions, and all of them arrive.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn events_of_a_key_stay_in_order() {
    let world = world(3).await;
    for round in 0..30 {
        let mut tx = world.producer.begin().await.unwrap();
        for key in ["a", "b", "c", "d", "e"] {
            let said = prosopa_contract::events::UserRegistered {
                user_id: key.into(),
                account_id: round.to_string(),
            };
            world.outbox.publish(&mut tx, &said).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await.len(), 150);
    let records = records(brokers(&world), AUTH_EVENTS, 3).await;
    let partitions: std::collections::BTreeSet<_> = records.iter().map(Message::partition).collect();
    assert!(partitions.len() > 1, "all keys in one partition show nothing");
    for key in ["a", "b", "c", "d", "e"] {
        let of_key = records.iter().filter(|record| record.key() == Some(key.as_bytes()));
        let sequences: Vec<i64> = of_key
            .map(|record| {
                let told = headers(record);
                told.iter().find(|(name, _)| name == "ce_sequence").unwrap().1.parse().unwrap()
            })
            .collect();
        assert_eq!(sequences.len(), 30);
        assert!(sequences.is_sorted(), "{key}: {sequences:?}");
    }
}

/// F10: members of a group that come and go lose nothing and do nothing twice.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn groups_that_change_lose_nothing() {
    let world = world(3).await;
    let stop = CancellationToken::new();
    let (mut steady, stopped) = (world.runner("users"), stop.clone());
    let running = tokio::spawn(async move { steady.run(stopped).await });
    for round in 0..6_u32 {
        for name in names(round * 50..(round + 1) * 50) {
            world.say(&name).await;
        }
        let (mut visitor, left) = (world.runner("users"), CancellationToken::new());
        let stopped = left.clone();
        let visiting = tokio::spawn(async move { visitor.run(stopped).await });
        let wanted = usize::try_from((round + 1) * 50).unwrap();
        while world.effects().await.len() < wanted {
            world.transport.go_on().await;
        }
        left.cancel();
        visiting.await.unwrap().unwrap();
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    let mut effects = world.effects().await;
    effects.sort();
    assert_eq!(effects, names(0..300));
}

/// F10: a relay that ends between the brokers' acknowledgement and its note of it says everything twice; each event has
/// one effect.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn what_is_carried_twice_has_one_effect() {
    let world = world(1).await;
    for name in names(0..20) {
        world.say(&name).await;
    }
    world.runner("users").run_pending().await.unwrap();
    world.forget_cursors().await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(records(brokers(&world), AUTH_EVENTS, 1).await.len(), 40, "carried twice");
    assert_eq!(world.effects().await, names(0..20));
}

/// F10: of two relays one carries; when it goes, the other does.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn one_relay_carries_at_a_time() {
    let world = world(1).await;
    let mut relays = Vec::new();
    for _ in 0..2 {
        let (mut relay, stop) = (brokers(&world).relay(&world), CancellationToken::new());
        let stopped = stop.clone();
        relays.push((tokio::spawn(async move { relay.run(stopped).await }), stop));
    }
    for name in names(0..50) {
        world.say(&name).await;
    }
    let carried = "SELECT COALESCE(max(position), 0) FROM event_relays";
    while world.count(&world.producer, carried).await < 50 {
        world.transport.go_on().await;
    }
    assert_eq!(records(brokers(&world), AUTH_EVENTS, 1).await.len(), 50, "nothing twice");
    let owner = "SELECT count(DISTINCT owner) FROM event_relays WHERE lease_until > 0";
    assert_eq!(world.count(&world.producer, owner).await, 1);
    let (running, stop) = relays.remove(0);
    stop.cancel();
    running.await.unwrap().unwrap();
    for name in names(50..100) {
        world.say(&name).await;
    }
    while world.count(&world.producer, carried).await < 100 {
        world.transport.go_on().await;
    }
    assert_eq!(records(brokers(&world), AUTH_EVENTS, 1).await.len(), 100);
    let (running, stop) = relays.remove(0);
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// K6: what strangers put into a topic is put aside with the reason and where it was, and what follows goes on; a poison
/// event lies there too, and can be replayed from its row.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn what_is_no_event_is_put_aside() {
    let world = world(1).await;
    let foreign = brokers(&world);
    foreign.kafka.ensure_topics().await.unwrap();
    intrude(foreign, AUTH_EVENTS, None, OwnedHeaders::new(), b"").await;
    let headers = OwnedHeaders::new()
        .insert(Header { key: "ce_specversion", value: Some("1.0") })
        .insert(Header { key: "ce_source", value: Some("prosopa/auth") })
        .insert(Header { key: "ce_id", value: Some("not an id") })
        .insert(Header { key: "ce_sequence", value: Some("1") });
    intrude(foreign, AUTH_EVENTS, Some("k"), headers, &[0xff; 300]).await;
    for name in ["u000", "poison", "u001"] {
        world.say(name).await;
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000", "u001"]);
    let dead = foreign.kafka.list_dead_records(AUTH_EVENTS, 10).await.unwrap();
    let told: Vec<_> = dead
        .iter()
        .map(|record| {
            assert_eq!((record.subscription.as_str(), record.topic.as_str()), ("users", AUTH_EVENTS));
            (record.offset, record.attempts, record.reason.as_str(), record.event_id.is_some())
        })
        .collect();
    let expected = [
        (3, 1, "nobody can use this", true),
        (1, 0, "the header ce_id is not understood", true),
        (0, 0, "there is no header ce_specversion", false),
    ];
    assert_eq!(told, expected);
    assert_eq!(foreign.kafka.list_dead_records(AUTH_EVENTS, 1).await.unwrap(), dead[..1]);
    let rows = list_dead_letters(&world.consumer, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["poison"]);
}

/// F10: topics that exist with other partitions or another cleanup, and brokers that will not make any, are said.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn topics_that_differ_are_said() {
    let made = Brokers::of_run(2);
    made.kafka.ensure_topics().await.unwrap();
    made.kafka.ensure_topics().await.unwrap();
    let more = Kafka::new(KafkaConfig { partitions: 3, ..made.config.clone() }).unwrap();
    let error = more.ensure_topics().await.unwrap_err();
    assert!(matches!(error, TopicError::Different { .. }), "{error}");
    assert!(error.to_string().ends_with("has partitions: 2, and 3 is wanted"), "{error}");

    let other = Brokers::of_run(1);
    let admin: AdminClient<DefaultClientContext> = other.client().create().unwrap();
    let plans = other.physical(QUOTA_PLANS);
    let new = NewTopic::new(&plans, 1, TopicReplication::Fixed(1)).set("cleanup.policy", "delete");
    admin.create_topics(&[new], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let error = other.kafka.ensure_topics().await.unwrap_err().to_string();
    assert!(error.ends_with("has the cleanup policy delete, and compact is wanted"), "{error}");

    let copies = KafkaConfig { replication_factor: 3, ..Brokers::of_run(1).config };
    let error = Kafka::new(copies).unwrap().ensure_topics().await.unwrap_err();
    assert!(matches!(error, TopicError::Refused { .. }), "{error}");
}

/// S3: brokers are spoken with over TLS by a user with a password; another password, and brokers whom nobody vouches for,
/// are not.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn brokers_are_spoken_with_over_tls() {
    let folder = std::env::var("PROSOPA_TEST_KAFKA_FOLDER").expect("run it under scripts/with-kafka.sh");
    let folder = Path::new(&folder);
    let address = std::fs::read_to_string(folder.join("secure-address")).unwrap();
    let config = KafkaConfig {
        brokers: address.trim().to_owned(),
        tls: true,
        tls_ca_file: Some(folder.join("ca.pem")),
        user_name: Some("prosopa".to_owned()),
        password: Some("correct horse".into()),
        ..Brokers::of_run(1).config
    };
    assert!(!format!("{config:?}").contains("correct horse"));
    Kafka::new(config.clone()).unwrap().ensure_topics().await.unwrap();
    let wrong = KafkaConfig { password: Some("wrong horse".into()), ..config.clone() };
    let stranger = KafkaConfig { tls_ca_file: None, ..config };
    let (wrong, stranger) = (Kafka::new(wrong).unwrap(), Kafka::new(stranger).unwrap());
    let (wrong, stranger) = tokio::join!(wrong.ensure_topics(), stranger.ensure_topics());
    for refused in [wrong, stranger] {
        assert!(matches!(refused, Err(TopicError::Unreachable(_))), "{refused:?}");
    }
}

/// R1: what is said while the brokers are gone, even by a power cut, waits and arrives when they are back.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn brokers_that_come_back_get_what_was_said_meanwhile() {
    let broker = TestBroker::start().await;
    let world = World::over(Transport::Kafka(Box::new(Brokers::at(broker.address(), 1)))).await;
    let stop = CancellationToken::new();
    let (mut carrier, stopped): (Carrier, _) = (world.runner("users"), stop.clone());
    let running = tokio::spawn(async move { carrier.run(stopped).await });
    for (round, is_killed) in [true, false].into_iter().enumerate() {
        let first = u32::try_from(round).unwrap() * 20;
        for name in names(first..first + 10) {
            world.say(&name).await;
        }
        while world.effects().await.len() < usize::try_from(first).unwrap() + 10 {
            world.transport.go_on().await;
        }
        if is_killed {
            broker.kill().await;
        } else {
            broker.stop().await;
        }
        for name in names(first + 10..first + 20) {
            world.say(&name).await;
        }
        broker.start_again().await;
        while world.effects().await.len() < usize::try_from(first).unwrap() + 20 {
            world.transport.go_on().await;
        }
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(world.effects().await, names(0..40));
}

/// F10: a listener that is told to end does, with the brokers there or not.
#[tokio::test]
#[ignore = "needs brokers: scripts/with-kafka.sh"]
async fn the_end_needs_no_brokers() {
    let nobody = Brokers::at("127.0.0.1:1", 1);
    let world = World::over(Transport::Kafka(Box::new(nobody))).await;
    world.say("u000").await;
    let stop = CancellationToken::new();
    let subscription = world.subscription("users");
    let mut listener = brokers(&world).listener(&world, subscription, RunnerConfig::default());
    let mut relay = brokers(&world).relay(&world);
    let asking = stop.clone();
    let told = tokio::join!(listener.run(stop.clone()), relay.run(stop), async move {
        tokio::task::yield_now().await;
        asking.cancel();
    });
    assert!(told.0.is_ok() && told.1.is_ok());
}
