use axum::Router;
use serde_json::Value;

use prosopa_runtime::{ListenerOptions, RedisConfig};
use prosopa_testkit::{TestPlatform, TestRedis};

use crate::{fetch, parts, run};

/// A process that begins without Redis says so, is ready nevertheless, and finds it by itself.
#[tokio::test]
async fn a_process_is_ready_without_redis() {
    let mut server = TestRedis::start();
    server.kill();
    let mut test = TestPlatform::new();
    let config = RedisConfig { url: Some(server.url()), ..RedisConfig::default() };
    test.platform = test.platform.with_redis(&config).await.unwrap();
    let running = run(test, parts(), Router::new(), ListenerOptions::default()).await;
    let ask = async || {
        let (status, body) = fetch(running.admin, "/readyz").await;
        (
            status,
            serde_json::from_str::<Value>(&body).unwrap()["checks"]["redis"].as_str().unwrap().to_owned(),
        )
    };
    let (status, said) = ask().await;
    assert_eq!(status, 200);
    assert_ne!(said, "ok");
    server.start_again();
    while ask().await != (200, "ok".to_owned()) {}
    assert!(fetch(running.admin, "/metrics").await.1.contains("prosopa_redis_up 1"));
}

/// What makes no sense ends the start, and is named without what is secret.
#[tokio::test]
async fn a_configuration_without_sense_is_named() {
    let sound = || RedisConfig { url: Some("redis://127.0.0.1:1".into()), ..RedisConfig::default() };
    let nowhere = std::path::PathBuf::from("/nowhere");
    for (config, expected) in [
        (RedisConfig { url: Some("127.0.0.1".into()), ..sound() }, "redis.url"),
        (RedisConfig { deadline_ms: 0, ..sound() }, "redis.deadline_ms"),
        (RedisConfig { prefix: String::new(), ..sound() }, "redis.prefix"),
        (RedisConfig { password_file: Some(nowhere.clone()), ..sound() }, "redis.password_file"),
        (RedisConfig { ca_file: Some(nowhere.clone()), ..sound() }, "redis.ca_file"),
        (
            RedisConfig { password: Some("secret".into()), password_file: Some(nowhere), ..sound() },
            "redis.password and redis.password_file",
        ),
    ] {
        let refused = TestPlatform::new().platform.with_redis(&config).await.map(drop).unwrap_err();
        let message = refused.to_string();
        assert!(message.contains(expected) && !message.contains("secret"), "{message}");
    }
}
