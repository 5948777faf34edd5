//! Our side: users who log in, over HTTP.

use std::time::Instant;

use futures::{StreamExt, stream};
use serde_json::json;

use prosopa_harness::{PASSWORD, Product};

/// Passwords that are hashed at the same time: the product's default.
pub(crate) const THREADS: usize = 2;

/// Callers who keep the threads busy.
pub(crate) const CALLERS: usize = 8;

/// Limits out of the way, but none that bounds memory: so many passwords are hashed at once as by default.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("PROSOPA_GATEWAY__ADDRESS_RATE__REQUESTS_PER_SECOND", "100000"),
    ("PROSOPA_GATEWAY__ADDRESS_RATE__BURST", "100000"),
    ("PROSOPA_AUTH__PASSWORD_HASHING_QUEUE_MAX", "1000"),
    ("PROSOPA_AUTH__FAILED_LOGIN_NETWORK_BURST", "1000"),
];

/// Makes so many users; gives their names.
pub(crate) async fn register(product: &Product, count: usize) -> Vec<String> {
    let stranger = product.stranger();
    let users = stream::iter(0..count).map(|index| {
        let stranger = stranger.clone();
        async move {
            let name = format!("user-{index}");
            let answer = stranger.register(&name).await;
            assert_eq!(answer.status, 201, "{}", answer.json());
            name
        }
    });
    users.buffer_unordered(CALLERS).collect().await
}

/// Logs users in, `count` times, `callers` at the same time.
pub(crate) async fn logins_per_second(
    product: &Product,
    users: &[String],
    count: usize,
    callers: usize,
) -> f64 {
    let stranger = product.stranger();
    let began = Instant::now();
    let logins = stream::iter(users.iter().cycle().take(count)).map(|name| {
        let stranger = stranger.clone();
        async move {
            let body = json!({ "user_name": name, "password": PASSWORD });
            let answer = stranger.post("/api/v1/auth/login", &body).await;
            assert_eq!(answer.status, 200, "{}", answer.json());
        }
    });
    logins.buffer_unordered(callers).collect::<Vec<()>>().await;
    count as f64 / began.elapsed().as_secs_f64()
}
