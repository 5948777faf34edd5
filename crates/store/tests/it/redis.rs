//! What processes remember together, on a real server of the test's own.

mod losses;

use std::time::Duration;

use futures::future::join_all;
use proptest::{prelude::*, test_runner::TestRunner};
use prosopa_model::CellRate;
use prosopa_store::{Redis, RedisKey, RedisOptions};
use prosopa_telemetry::Metrics;
use prosopa_testkit::{TestHome, TestRedis};

/// So slow that no test sees a second cell come free.
const HOURLY: Duration = Duration::from_secs(3_600);

fn open(options: RedisOptions) -> Redis {
    Redis::open(options, &[7; 32], &Metrics::new()).unwrap()
}

/// A process that has found the server.
async fn find(server: &TestRedis) -> Redis {
    let redis = open(server.options());
    redis.find().await.unwrap();
    redis
}

fn key(redis: &Redis, name: &str) -> RedisKey {
    redis.key("test", &[name.as_bytes()])
}

/// F7: processes that ask at the same time admit together what one would.
#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_rate() {
    let server = TestRedis::start();
    let (one, other) = (find(&server).await, find(&server).await);
    let rate = CellRate::new(HOURLY, 40);
    let asked = (0..100).map(|index| {
        let redis = if index % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move { redis.take(&key(&redis, "ada"), rate).await.unwrap() })
    });
    let cells = join_all(asked).await.into_iter().map(Result::unwrap);
    let (admitted, refused): (Vec<_>, Vec<_>) = cells.partition(|cell| cell.is_admitted);
    assert_eq!((admitted.len(), refused.len()), (40, 60));
    let wait = refused[0].ahead - rate.depth();
    assert!(wait <= HOURLY && wait > HOURLY / 2, "{wait:?}");
    assert!(other.take(&key(&other, "grace"), rate).await.unwrap().is_admitted);
}

/// What is given back may be taken again, in another process too; what is forgotten is as if it had never been.
#[tokio::test]
async fn cells_are_given_back_and_forgotten() {
    let server = TestRedis::start();
    let (one, other) = (find(&server).await, find(&server).await);
    let (rate, ada) = (CellRate::new(HOURLY, 2), key(&one, "ada"));
    let take = async |redis: &Redis| redis.take(&ada, rate).await.unwrap().is_admitted;
    assert!(take(&one).await && take(&other).await && !take(&one).await);
    other.give_back(&ada, HOURLY).await.unwrap();
    assert!(take(&one).await && !take(&other).await);
    for _ in 0..3 {
        one.give_back(&ada, HOURLY).await.unwrap();
    }
    assert!(take(&one).await && take(&one).await && !take(&one).await, "no more than there was");
    other.forget(&ada).await.unwrap();
    assert!(take(&one).await && take(&one).await && !take(&one).await);
}

/// What is paid off takes no room, and neither does what was claimed once its time is over.
#[tokio::test]
async fn what_says_nothing_any_more_is_gone() {
    let server = TestRedis::start();
    let redis = find(&server).await;
    let rate = CellRate::new(Duration::from_millis(1), 1);
    redis.take(&key(&redis, "ada"), rate).await.unwrap();
    redis.claim(&key(&redis, "nonce"), Duration::from_millis(1)).await.unwrap();
    // All but the mark by which it is known that the server has forgotten nothing.
    let start = std::time::Instant::now();
    while server.ask("DBSIZE") != ":1\r\n" {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

/// K2: of many processes that claim the same at the same time, one is first.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_is_first() {
    let server = TestRedis::start();
    let processes = join_all((0..4).map(|_| find(&server))).await;
    for name in ["a", "b", "c"] {
        let asked = (0..32).map(|index| {
            let redis = processes[index % processes.len()].clone();
            tokio::spawn(async move {
                let key = redis.key_of_random("nonce", &[name.as_bytes()]);
                redis.claim(&key, Duration::from_secs(60)).await.unwrap()
            })
        });
        let first = join_all(asked).await.into_iter().filter(|answer| *answer.as_ref().unwrap());
        assert_eq!(first.count(), 1);
    }
}

/// F7: the server decides as `CellRate` does in memory, whatever comes and however rates change.
#[test]
fn the_server_decides_as_memory_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = TestRedis::start();
    let redis = runtime.block_on(find(&server));
    let rates = prop::collection::vec((1_u32..100_000, 1_u32..40), 1..3);
    let steps = prop::collection::vec((0_u64..400_000, any::<prop::sample::Index>()), 1..60);
    // Some years after the epoch, so that numbers are as large as they are.
    let sequences = (rates, steps, 1_700_000_000_000_000_u64..1_900_000_000_000_000, "[a-z]{12}");
    let check = |(rates, steps, start_us, name): (Vec<(u32, u32)>, Vec<_>, u64, String)| {
        let rates: Vec<_> = rates
            .into_iter()
            .map(|(per_second, burst)| {
                CellRate::new(Duration::from_nanos(1_000_000_000_u64.div_ceil(per_second.into())), burst)
            })
            .collect();
        let (mut now, mut paid_off) = (Duration::from_micros(start_us), Duration::ZERO);
        let key = key(&redis, &name);
        for (pause_us, index) in steps {
            let index: prop::sample::Index = index;
            let rate = index.get(&rates);
            now += Duration::from_micros(pause_us);
            let expected = rate.take(paid_off.saturating_sub(now));
            if expected.is_admitted {
                paid_off = now + expected.ahead;
            }
            let decided = runtime.block_on(redis.take_at(&key, *rate, now)).unwrap();
            prop_assert_eq!(decided, expected);
        }
        // The times are made up, but the server's are not: what is kept may be gone, so each case has a key of its own.
        runtime.block_on(redis.forget(&key)).unwrap();
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(64)).run(&sequences, check).unwrap();
}

/// Keys hold nothing that anybody could read, nor guess without the deployment's secret.
#[tokio::test]
async fn what_is_kept_tells_nothing() {
    let server = TestRedis::start();
    let redis = find(&server).await;
    let ada = redis.key("user_name", &[b"ada@example.org"]);
    redis.take(&ada, CellRate::new(HOURLY, 2)).await.unwrap();
    let kept = server.ask("KEYS *");
    assert!(kept.contains("test:user_name:") && !kept.contains("ada"), "{kept}");
}

/// F9: over TLS a server must have a certificate of an authority that is believed.
#[tokio::test]
async fn over_tls_only_a_server_that_is_vouched_for_is_believed() {
    let home = TestHome::new();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| home.path().join(name));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap().to_owned());
    let tls = ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let _server = TestRedis::start_with(&[&tls[..], &["--tls-auth-clients", "no"]].concat());
    let mut options = RedisOptions::new(&format!("rediss://localhost:{port}/0"), "test").unwrap();
    options.deadline = Duration::from_secs(5);
    assert!(open(options.clone()).find().await.is_err(), "the public authorities do not know it");
    options.ca_pem = Some(certified.cert.pem().into_bytes());
    let redis = open(options);
    redis.find().await.unwrap();
    let rate = CellRate::new(HOURLY, 1);
    assert!(redis.take(&self::key(&redis, "ada"), rate).await.unwrap().is_admitted);
}
