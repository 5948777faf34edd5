//! A server that goes, hangs, forgets or lies.

use std::time::{Duration, Instant};

use prosopa_model::CellRate;
use prosopa_store::{Redis, RedisLost, RedisOptions, RedisOptionsError};
use prosopa_telemetry::Metrics;
use prosopa_testkit::TestRedis;
use tokio::{io::AsyncWriteExt, net::TcpListener};
use tokio_util::sync::CancellationToken;

use super::{HOURLY, find, key, open};

const LONG: Duration = Duration::from_secs(20);

/// Looks after the server until the test ends.
fn tend(redis: &Redis) -> tokio_util::sync::DropGuard {
    let stop = CancellationToken::new();
    let (redis, until) = (redis.clone(), stop.clone());
    tokio::spawn(async move { redis.tend(&until).await });
    stop.drop_guard()
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < LONG);
        tokio::task::yield_now().await;
    }
}

async fn take(redis: &Redis) -> Result<bool, RedisLost> {
    let taken = redis.take(&key(redis, "ada"), CellRate::new(HOURLY, 1_000_000)).await;
    taken.map(|cell| cell.is_admitted)
}

/// A server that ends is lost for all calls, and found again by itself.
#[tokio::test]
async fn a_server_that_ends_is_lost_and_found() {
    let mut server = TestRedis::start();
    let metrics = Metrics::new();
    let redis = Redis::open(server.options(), &[7; 32], &metrics).unwrap();
    assert_eq!(take(&redis).await, Err(RedisLost), "nobody has looked for it");
    let _tended = tend(&redis);
    until(async || take(&redis).await == Ok(true)).await;
    assert!(redis.check().is_ok() && metrics.render().contains("prosopa_redis_up 1"));
    server.kill();
    until(async || take(&redis).await == Err(RedisLost)).await;
    assert!(redis.check().is_err() && metrics.render().contains("prosopa_redis_up 0"));
    server.start_again();
    until(async || take(&redis).await == Ok(true)).await;
    let counted = metrics.render();
    assert!(counted.contains("prosopa_redis_calls_total{call=\"take\",outcome=\"lost\"}"), "{counted}");
}

/// A server that hangs costs those who ask at that moment the deadline, and nobody else anything.
#[tokio::test]
async fn a_server_that_hangs_costs_one_deadline() {
    let server = TestRedis::start();
    let mut options = server.options();
    options.deadline = Duration::from_millis(200);
    let redis = open(options);
    let _tended = tend(&redis);
    until(async || take(&redis).await == Ok(true)).await;
    server.hold();
    let start = Instant::now();
    assert_eq!(take(&redis).await, Err(RedisLost));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let start = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(take(&redis).await, Err(RedisLost));
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?} for calls that wait for nothing",
        start.elapsed()
    );
    server.resume();
    until(async || take(&redis).await == Ok(true)).await;
}

/// K2: that a server has forgotten is noticed, whether it was emptied or began anew; and what is younger than that counts.
#[tokio::test]
async fn a_server_that_forgets_is_noticed() {
    let mut server = TestRedis::start();
    let redis = open(server.options());
    assert_eq!(redis.memory_begins(), None);
    let _tended = tend(&redis);
    until(async || redis.memory_begins().is_some()).await;
    let first = redis.memory_begins();
    let other = find(&server).await;
    assert_eq!(other.memory_begins(), first, "all say the same");
    server.ask("FLUSHALL");
    until(async || redis.memory_begins() > first).await;
    let second = redis.memory_begins();
    server.kill();
    server.start_again();
    until(async || redis.memory_begins() > second).await;
    assert_eq!(take(&redis).await, Ok(true), "scripts are loaded again");
}

/// A server that refuses: a wrong password, no right to write, no room. None is mistaken for a sound one.
#[tokio::test]
async fn a_server_that_refuses_is_not_there() {
    let server = TestRedis::start_with(&["--requirepass", "correct horse"]);
    for password in [None, Some("wrong")] {
        let mut options = server.options();
        options.password = password.map(Into::into);
        let redis = open(options);
        assert_eq!(redis.find().await, Err(RedisLost));
        let reason = redis.check().unwrap_err();
        let expected = if password.is_some() { "AuthenticationFailed" } else { "Authentication required" };
        assert!(reason.contains(expected) && !reason.contains("horse"), "{reason}");
    }
    let mut options = server.options();
    options.password = Some("correct horse".into());
    let redis = open(options);
    assert_eq!(redis.find().await, Ok(()));
    let full = TestRedis::start_with(&["--maxmemory", "1"]);
    let redis = open(full.options());
    assert_eq!(redis.find().await, Err(RedisLost));
    let primary = TestRedis::start();
    let port = primary.url().rsplit(':').next().unwrap().trim_end_matches("/0").to_owned();
    let replica = TestRedis::start_with(&["--replicaof", "127.0.0.1", &port]);
    assert_eq!(open(replica.options()).find().await, Err(RedisLost), "a replica takes no writes");
}

/// Whoever else listens there is no server: who is silent, who talks nonsense, who is not there.
#[tokio::test]
async fn whoever_lies_is_not_there() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let liar = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [silent_address, lies, nowhere] =
        [&silent, &liar, &nobody].map(|listener| listener.local_addr().unwrap());
    drop(nobody);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = liar.accept().await.unwrap();
            // An answer that never ends, of a length that nobody has.
            let nonsense: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
            let _ = connection.write_all(b"$999999999999\r\n").await;
            let _ = connection.write_all(&nonsense).await;
        }
    });
    for address in [silent_address, lies, nowhere] {
        let redis = open(RedisOptions::new(&format!("redis://{address}/0"), "test").unwrap());
        let start = Instant::now();
        assert_eq!(redis.find().await, Err(RedisLost), "{address}");
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(take(&redis).await, Err(RedisLost));
    }
}

/// F10: what makes no sense is said at the start.
#[test]
fn options_that_make_no_sense_are_named() {
    let open = |options: RedisOptions| Redis::open(options, &[7; 32], &Metrics::new()).map(drop);
    for url in ["localhost:6379", "http://localhost", "unix:///run/redis"] {
        assert!(matches!(RedisOptions::new(url, "p"), Err(RedisOptionsError::Url)), "{url}");
    }
    for prefix in ["", "a b", "{tag}"] {
        assert!(matches!(RedisOptions::new("redis://host", prefix), Err(RedisOptionsError::Prefix)));
    }
    for url in ["redis://:secret@host:6379/0", "redis://user:secret@host"] {
        let refused = open(RedisOptions::new(url, "p").unwrap()).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
    for url in ["redis://host:port", "redis://host/one", "redis://"] {
        assert!(open(RedisOptions::new(url, "p").unwrap()).is_err(), "{url}");
    }
    let mut options = RedisOptions::new("rediss://host", "p").unwrap();
    options.ca_pem = Some(b"no certificate".to_vec());
    assert!(open(options).is_err());
}
