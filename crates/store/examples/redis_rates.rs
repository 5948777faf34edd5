//! What a decision about a rate costs: one after the other, and with many that ask at the same time.
//!
//! `scripts/with-redis.sh cargo run --release --package prosopa-store --example redis_rates`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

use std::time::{Duration, Instant};

use futures::future::join_all;

use prosopa_model::CellRate;
use prosopa_store::{Redis, RedisOptions};
use prosopa_telemetry::Metrics;

const CALLERS: u32 = 64;
const DECISIONS: u32 = 20_000;

#[tokio::main]
async fn main() {
    let url = std::env::var("PROSOPA_TEST_REDIS").expect("an address in PROSOPA_TEST_REDIS");
    let mut options = RedisOptions::new(&url, "measured").unwrap();
    options.deadline = Duration::from_secs(5);
    let redis = Redis::open(options, &[0; 32], &Metrics::new()).unwrap();
    redis.find().await.unwrap();
    let rate = CellRate::new(Duration::from_micros(1), 1_000_000);

    let start = Instant::now();
    let mut ahead = Duration::ZERO;
    for _ in 0..DECISIONS {
        ahead = std::hint::black_box(rate.take(ahead)).ahead;
    }
    show("the rule alone", start.elapsed());

    let start = Instant::now();
    for index in 0..DECISIONS {
        std::hint::black_box(redis.key("measured", &[&index.to_be_bytes()]));
    }
    show("the key alone", start.elapsed());

    let start = Instant::now();
    for _ in 0..DECISIONS / 4 {
        take(&redis, 0, rate).await;
    }
    show("one after the other", start.elapsed() * 4);

    let start = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let redis = redis.clone();
        tokio::spawn(async move {
            for _ in 0..DECISIONS / CALLERS {
                take(&redis, caller, rate).await;
            }
        })
    });
    join_all(callers).await;
    show("64 at the same time", start.elapsed());
}

async fn take(redis: &Redis, caller: u32, rate: CellRate) {
    let key = redis.key("measured", &[&caller.to_be_bytes()]);
    assert!(redis.take(&key, rate).await.unwrap().is_admitted);
}

fn show(what: &str, time: Duration) {
    let each = time.as_secs_f64() / f64::from(DECISIONS);
    println!("{what:24} {:9.2} us each, {:9.0} a second", each * 1e6, 1.0 / each);
}
