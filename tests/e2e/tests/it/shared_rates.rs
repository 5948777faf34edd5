//! Gateways in processes of their own that count together in a Redis of the test's own.

use std::time::{Duration, Instant};

use futures::future::join_all;

use prosopa_harness::{Answer, Caller, Product, TestRedis};

/// What a caller may ask for at once by default.
const BURST: usize = 20;

const LONG: Duration = Duration::from_secs(30);

/// Asks so often at once; how many requests were admitted. The others came too fast, and nothing else is answered.
async fn flood(caller: &Caller, count: usize) -> usize {
    let answers = join_all((0..count).map(|_| caller.get("/api/v1/users/me"))).await;
    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(with(200) + with(429), count);
    with(200)
}

fn is_without_redis(answer: &Answer) -> bool {
    // A gateway without it does its work.
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["checks"]["redis"] != "ok"
}

/// F7, N10: two gateways admit together what one plan allows, and each its part while Redis is gone; nobody gets an error.
#[tokio::test]
async fn two_gateways_admit_together_what_one_plan_allows() {
    let mut redis = TestRedis::start();
    let url = redis.url();
    let settings = [
        ("PROSOPA_REDIS__URL", url.as_str()),
        // A busy machine is no loss.
        ("PROSOPA_REDIS__DEADLINE_MS", "5000"),
        ("PROSOPA_GATEWAY__REPLICAS", "2"),
        ("PROSOPA_GATEWAY__CALLER_RATE__REQUESTS_PER_SECOND", "1"),
    ];
    let product = Product::start_apart(&settings).await;
    // Two gateways on one folder need databases on a server.
    if Product::database_url(&product.data_dir()).is_none() {
        return;
    }
    let gateway = product.start_gateway(&settings).await;
    let (first, second) = (product.user().await, product.user().await);
    let both = async |caller: &Caller| {
        let start = Instant::now();
        let elsewhere = gateway.caller(caller);
        let (here, there) = tokio::join!(flood(caller, 40), flood(&elsewhere, 40));
        (here + there, start.elapsed().as_secs() as usize + 1)
    };
    let (admitted, came_free) = both(&first).await;
    assert!((BURST..=BURST + came_free).contains(&admitted), "{admitted}");

    redis.kill();
    let start = Instant::now();
    while !is_without_redis(&product.ask_gateway_admin("/readyz").await)
        || !is_without_redis(&gateway.ask_admin("/readyz").await)
    {
        assert!(start.elapsed() < LONG);
    }
    let (admitted, came_free) = both(&second).await;
    assert!((BURST..=BURST + 2 * came_free).contains(&admitted), "{admitted}: half of it each");

    redis.start_again();
    let start = Instant::now();
    while is_without_redis(&product.ask_gateway_admin("/readyz").await)
        || is_without_redis(&gateway.ask_admin("/readyz").await)
    {
        assert!(start.elapsed() < LONG);
    }
    let third = product.user().await;
    let (admitted, came_free) = both(&third).await;
    assert!((BURST..=BURST + came_free).contains(&admitted), "{admitted}");
}
