//! Gateways that remember together in a Redis of the test's own, each with a database of its own.

use std::time::{Duration, Instant};

use futures::future::join_all;
use http::StatusCode;
use prosopa_gateway::{Config, Rate};
use prosopa_http::signatures::Nonce;
use prosopa_model::Principal;
use prosopa_testkit::{TestHome, TestRedis};

use crate::{
    harness::{Call, Gateway, fast, user},
    signed::{Scene, THINGS, message::Message, race, signer},
};

const BURST: usize = 20;

/// Longest wait for what happens within a second.
const LONG: Duration = Duration::from_secs(20);

/// Two gateways of one deployment.
struct Pair {
    redis: TestRedis,
    gateways: [Gateway; 2],
    _homes: [TestHome; 2],
}

impl Pair {
    async fn start(config: Config) -> Self {
        let (redis, homes) = (TestRedis::start(), [TestHome::new(), TestHome::new()]);
        let one = Gateway::start_sharing(homes[0].path(), config.clone(), &redis).await;
        let keyring = |home: &TestHome| home.path().join("keyring.json");
        std::fs::copy(keyring(&homes[0]), keyring(&homes[1])).unwrap();
        let other = Gateway::start_sharing(homes[1].path(), config, &redis).await;
        Self { redis, gateways: [one, other], _homes: homes }
    }

    fn know(&self, credential: &str, principal: &Principal) {
        self.gateways.iter().for_each(|gateway| gateway.know(credential, principal));
    }

    /// Has both gateways asked at once, so often each; how many requests each has admitted. No other answer is known than
    /// that a request came too fast.
    async fn flood(&self, credential: &str, count: usize) -> [usize; 2] {
        let ask = async |gateway: &Gateway| {
            let call = || Call::get("/api/v1/things").bearer(credential);
            let answers = join_all((0..count).map(|_| gateway.send(call()))).await;
            let admitted = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
            let refused = answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(admitted + refused.count(), count);
            admitted
        };
        let (one, other) = tokio::join!(ask(&self.gateways[0]), ask(&self.gateways[1]));
        [one, other]
    }

    /// Waits until both know whether the server is there.
    async fn until_redis(&self, is_up: u8) {
        let start = Instant::now();
        let says = format!("prosopa_redis_up {is_up}");
        while !self.gateways.iter().all(|gateway| gateway.platform.metrics.render().contains(&says)) {
            assert!(start.elapsed() < LONG);
            // Somebody has to ask, for it to be noticed.
            join_all(self.gateways.iter().map(|gateway| gateway.send(Call::get("/api/v1/nothing")))).await;
        }
    }
}

fn slow(config: Config) -> Config {
    Config { caller_rate: Rate { requests_per_second: 1, burst: BURST as u32 }, ..config }
}

/// F7, N10: two gateways admit together what one does; without Redis each its part; with it again both together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_admit_what_one_does() {
    let mut pair = Pair::start(slow(Config { replicas: 2, ..fast() })).await;
    for name in ["before", "lost", "after"] {
        pair.know(name, &user());
    }
    let start = Instant::now();
    let together = pair.flood("before", 40).await.iter().sum::<usize>();
    let came_free = start.elapsed().as_secs() as usize + 1;
    assert!((BURST..=BURST + came_free).contains(&together), "{together} in {:?}", start.elapsed());

    pair.redis.kill();
    pair.until_redis(0).await;
    let start = Instant::now();
    let apart = pair.flood("lost", 40).await;
    let came_free = start.elapsed().as_secs() as usize + 1;
    for admitted in apart {
        assert!((BURST / 2..=BURST / 2 + came_free).contains(&admitted), "{apart:?}");
    }

    pair.redis.start_again();
    pair.until_redis(1).await;
    let start = Instant::now();
    let together = pair.flood("after", 40).await.iter().sum::<usize>();
    let came_free = start.elapsed().as_secs() as usize + 1;
    assert!((BURST..=BURST + came_free).contains(&together), "{together}");
}

/// F7: strangers are counted together too, and what is kept of them tells nobody where they are.
#[tokio::test]
async fn two_gateways_count_strangers_together() {
    let rate = Rate { requests_per_second: 1, burst: 4 };
    let pair = Pair::start(Config { address_rate: rate, ..fast() }).await;
    let start = Instant::now();
    let mut admitted = 0;
    for gateway in pair.gateways.iter().cycle().take(12) {
        let answer = gateway.send(Call::get("/api/v1/things/1").via("198.51.100.7")).await;
        admitted += usize::from(answer.status == StatusCode::OK);
    }
    let came_free = start.elapsed().as_secs() as usize + 1;
    assert!((4..=4 + came_free).contains(&admitted), "{admitted}");
    let kept = pair.redis.ask("KEYS *");
    assert!(kept.contains("prosopa:rate_of_networks:") && !kept.contains("198"), "{kept}");
}

/// A Redis that hangs under load is waited for once: requests go on, and none fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_fails_no_request() {
    let pair = Pair::start(fast()).await;
    pair.know("token", &user());
    let call = || Call::get("/api/v1/things").bearer("token");
    pair.redis.hold();
    let answers = join_all((0..200).map(|_| pair.gateways[0].send(call()))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(pair.gateways[0].send(call()).await.status, StatusCode::OK);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?} for 50 that wait for nothing", start.elapsed());
    pair.redis.resume();
    pair.until_redis(1).await;
}

/// K2: of many requests with one nonce, sent to two gateways at once, one is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_is_used_once_by_two_gateways() {
    let Pair { redis, gateways: [one, other], _homes } = Pair::start(fast()).await;
    let (one, other) = (Scene::around(one), Scene::around(other));
    for round in 1..=5 {
        let message = one.signed("a thing");
        let to = |scene: &Scene| vec![(message.clone(), scene.gateway.address); 10];
        let statuses = race([to(&one), to(&other)].concat()).await;
        let count = |status| statuses.iter().filter(|other| **other == status).count();
        assert_eq!((count(StatusCode::CREATED), count(StatusCode::UNAUTHORIZED)), (1, 19), "{statuses:?}");
        assert_eq!(one.committed() + other.committed(), round);
    }
    drop(redis);
}

/// K2: without Redis nobody knows what was used: what changes something is refused, what reads goes on; once each.
#[tokio::test]
async fn without_redis_signed_changes_are_refused() {
    let Pair { mut redis, gateways: [gateway, _], _homes } = Pair::start(fast()).await;
    let scene = Scene::around(gateway);
    let used = scene.signed("a thing");
    assert_eq!(scene.send(&used).await.status, StatusCode::CREATED);
    redis.kill();
    for message in [&used, &scene.signed("a thing"), &scene.signed("a thing")] {
        let refused = scene.send(message).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"unavailable".into())
        );
        assert!(refused.head.to_ascii_lowercase().contains("retry-after: 1"), "{}", refused.head);
    }
    let read = scene.sign(Message::new("GET", THINGS));
    assert_eq!(scene.send(&read).await.status, StatusCode::OK);
    assert_eq!(
        scene.send(&read).await.status,
        StatusCode::UNAUTHORIZED,
        "a nonce, and so a reading too, is for once"
    );
    assert_eq!((scene.committed(), scene.outcomes("unavailable")), (1, 3));

    // It has forgotten what was used, and it is known that it has.
    redis.start_again();
    let start = Instant::now();
    while !scene.gateway.platform.metrics.render().contains("prosopa_redis_up 1") {
        assert!(start.elapsed() < LONG);
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.send(&used).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(scene.committed(), 1);
    scene.gateway.clock.advance(Duration::from_secs(60));
    let fresh =
        Message::post(THINGS, "a thing").sign(&signer("psa_hmac"), scene.now_s(), Nonce::random().unwrap());
    assert_eq!(scene.send(&fresh).await.status, StatusCode::CREATED);
    assert_eq!(scene.send(&fresh).await.status, StatusCode::UNAUTHORIZED);
}

/// K2: a Redis that was emptied is trusted again with what was signed since.
#[tokio::test]
async fn an_emptied_redis_lets_nothing_be_sent_again() {
    let Pair { redis, gateways: [one, other], _homes } = Pair::start(fast()).await;
    let (one, other) = (Scene::around(one), Scene::around(other));
    let used = one.signed("a thing");
    assert_eq!(one.send(&used).await.status, StatusCode::CREATED);
    redis.ask("FLUSHALL");
    for scene in [&one, &other, &one, &other] {
        assert_eq!(scene.send(&used).await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    one.gateway.clock.advance(Duration::from_secs(60));
    let start = Instant::now();
    while one.send(&one.signed("a thing")).await.status != StatusCode::CREATED {
        assert!(start.elapsed() < LONG);
    }
    assert_eq!(other.send(&used).await.status, StatusCode::SERVICE_UNAVAILABLE, "it stays forgotten");
    assert_eq!((one.committed(), other.committed()), (2, 0));
}
