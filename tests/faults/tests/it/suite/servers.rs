//! Servers around the suite that are stopped, killed, emptied and held.

use std::time::Duration;

use prosopa_harness::{Proxy, Suite, TestBroker, TestPostgres, TestRedis};

use super::{a_while, load::Load, tally::settle};

/// Users at the same time.
const USERS: usize = 3;

/// How long Redis is lost, and the bucket fails and hangs: longer than anybody waits for them.
const FAULT: Duration = Duration::from_secs(5);

/// A suite whose databases are all on this server.
async fn suite_on(postgres: &TestPostgres) -> Suite {
    let url = format!("{}/prosopa_{{service}}", postgres.url());
    Suite::start(&[("PROSOPA_DATABASE__URL", &url)]).await
}

/// K6, R1, F10: without a broker requests go on, and what there is to say waits; when it is back, all of it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_stopped_broker_stops_nobody() {
    let broker = TestBroker::start().await;
    let suite = Suite::start(&[("PROSOPA_EVENTS__KAFKA__BROKERS", broker.address())]).await;
    let load = Load::start(&suite, USERS, rand::random());
    load.until_answered(10).await;
    broker.stop().await;
    let failed = load.seen.failures();
    load.until_answered(10).await;
    tokio::time::sleep(a_while()).await;
    let waiting = suite.count("prosopa_events_relay_lag").await;
    assert!(waiting > 0, "what is said waits");
    assert_eq!(load.seen.failures(), failed, "nobody notices");
    broker.start_again().await;
    load.until_answered(10).await;
    settle("broker stopped", &suite, load).await;
}

/// K9, F10: PostgreSQL is killed and started again under load; what was committed is there, what was not is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_killed_database_loses_nothing() {
    let postgres = TestPostgres::start().await;
    let suite = suite_on(&postgres).await;
    let load = Load::start(&suite, USERS, rand::random());
    for _ in 0..2 {
        load.until_answered(10).await;
        postgres.kill().await;
        postgres.start_again().await;
    }
    load.until_answered(10).await;
    settle("PostgreSQL killed", &suite, load).await;
}

/// F5, K9: PostgreSQL has no room left; that is said, nothing is torn, and when there is room again everything goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_full_database_is_said_and_survived() {
    let postgres = TestPostgres::start_on_small_disk().await;
    let suite = suite_on(&postgres).await;
    let load = Load::start(&suite, USERS, rand::random());
    load.until_answered(10).await;
    postgres.fill_disk().await;
    suite
        .until("somebody is told", async || match load.seen.failures().is_empty() {
            true => Err("nobody is".to_owned()),
            false => Ok(()),
        })
        .await;
    tokio::time::sleep(FAULT).await;
    postgres.free_disk().await;
    load.until_answered(10).await;
    settle("PostgreSQL full", &suite, load).await;
}

/// S3, F7, N10: Redis is lost and comes back empty; nobody who shows a token gets an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_lost_redis_fails_nobody() {
    let mut redis = TestRedis::start();
    let url = redis.url();
    let suite = Suite::start(&[("PROSOPA_REDIS__URL", &url)]).await;
    let load = Load::start(&suite, USERS, rand::random());
    load.until_answered(10).await;
    redis.kill();
    suite
        .until("the gateway knows, and stays ready", async || {
            let ready = suite.ask_admin("gateway", "/readyz").await.remove(0);
            let is_known = ready.status == 200 && ready.json()["checks"]["redis"] != "ok";
            if is_known { Ok(()) } else { Err(ready.json().to_string()) }
        })
        .await;
    load.until_answered(10).await;
    tokio::time::sleep(FAULT).await;
    redis.start_again();
    load.until_answered(10).await;
    let tally = settle("Redis lost", &suite, load).await;
    assert_eq!(tally.failures(), 0, "{tally}");
}

/// S3, F5: a bucket that answers 500, and then nothing, is said clearly; no picture is kept by halves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_failing_bucket_is_said_and_survived() {
    let url = std::env::var("PROSOPA_TEST_S3").expect("run it under scripts/with-servers.sh");
    let host = url.split(['@', '/']).nth(3).expect("a host");
    let proxy = Proxy::to(host).await;
    let endpoint = format!("http://{}", proxy.address());
    let settings =
        [("PROSOPA_BLOBS__S3__ENDPOINT", endpoint.as_str()), ("PROSOPA_BLOBS__S3__TIMEOUT_MS", "2000")];
    let suite = Suite::start(&settings).await;
    let load = Load::start_without_leaving(&suite, USERS, rand::random());
    load.until_answered(10).await;
    for is_held in [false, true] {
        if is_held {
            proxy.hold()
        } else {
            proxy.fail()
        }
        tokio::time::sleep(FAULT).await;
        proxy.mend();
        load.until_answered(10).await;
    }
    let tally = settle("S3 failing and hanging", &suite, load).await;
    assert!(tally.failed_only_with("503 unavailable"), "{tally}");
}
