//! K2: a key uses a nonce once, wherever and whenever.

use std::time::Duration;

use http::StatusCode;
use prosopa_gateway::{GatewayService, MIGRATIONS};
use prosopa_http::signatures::Nonce;
use prosopa_runtime::Service;
use prosopa_store::{Database, on_db, query_scalar};
use prosopa_testkit::TestHome;

use super::{Scene, THINGS, message::Message, race, signer};
use crate::harness::{Gateway, fast};

/// How many nonces are kept.
async fn kept(gateway: &Gateway) -> i64 {
    let options = gateway.platform.database_options(GatewayService::NAME).unwrap();
    let database = Database::open(&options, MIGRATIONS).await.unwrap();
    let mut connection = database.read().await.unwrap();
    let count = "SELECT count(*) FROM nonces";
    let count = on_db!(connection, c => query_scalar(count).fetch_one(c).await).unwrap();
    drop(connection);
    database.close().await;
    count
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_refused() {
    let scene = Scene::start().await;
    let message = scene.signed("a thing");
    assert_eq!(scene.send(&message).await.status, StatusCode::CREATED);
    for _ in 0..3 {
        assert_eq!(scene.send(&message).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!((scene.committed(), scene.outcomes("replayed")), (1, 3));
    assert_eq!(scene.gateway.used("token").await, (1, 1));
    let nonce = Nonce::from_bytes([3; 16]);
    for (target, status) in [(THINGS, 200), ("/api/v1/things?again", 401)] {
        let message = Message::new("GET", target).sign(&signer("psa_hmac"), scene.now_s(), nonce);
        assert_eq!(scene.send(&message).await.status, status, "another request with the nonce: {target}");
    }
}

/// A nonce belongs to its key, so that nobody can use up another's.
#[tokio::test]
async fn the_nonce_of_another_key_is_free() {
    let scene = Scene::start().await;
    let nonce = Nonce::from_bytes([5; 16]);
    for access_key in ["psa_hmac", "psa_other", "psa_pair"] {
        let message = Message::post(THINGS, "a thing").sign(&signer(access_key), scene.now_s(), nonce);
        assert_eq!(scene.send(&message).await.status, StatusCode::CREATED, "{access_key}");
        assert_eq!(scene.send(&message).await.status, StatusCode::UNAUTHORIZED, "{access_key}");
    }
}

/// Nobody without the key uses up a nonce of it.
#[tokio::test]
async fn a_signature_that_is_wrong_uses_up_nothing() {
    let scene = Scene::start().await;
    let message = scene.signed("a thing");
    let forged = message.clone().set("Signature", "sig1=:AAAA:");
    assert_eq!(scene.send(&forged).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(kept(&scene.gateway).await, 0);
    assert_eq!(scene.send(&message).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_at_once_one_is_taken() {
    let scene = Scene::start().await;
    for _ in 0..5 {
        let before = scene.committed();
        let message = scene.signed("a thing");
        let statuses = race(vec![(message, scene.gateway.address); 20]).await;
        assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1);
        assert_eq!(statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count(), 19);
        assert_eq!(scene.committed(), before + 1);
    }
}

/// N8: two gateways that share a database know each other's nonces, many at once in any order. On SQLite there is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_at_once_take_each_once() {
    let home = TestHome::new();
    let one = Scene::around(Gateway::start_in(home.path(), fast()).await);
    if home.server_url("gateway").is_none() {
        return;
    }
    let other = Scene::around(Gateway::start_in(home.path(), fast()).await);
    for round in 0..5 {
        let messages: Vec<Message> = (0..10).map(|_| one.signed("a thing")).collect();
        let to = |scene: &Scene| {
            messages.iter().cloned().map(move |message| (message, scene.gateway.address)).collect()
        };
        let (mut here, mut there): (Vec<_>, Vec<_>) = (to(&one), to(&other));
        there.reverse();
        here.append(&mut there);
        let statuses = race(here).await;
        assert_eq!(
            statuses.iter().filter(|status| **status == StatusCode::CREATED).count(),
            10,
            "{statuses:?}"
        );
        assert_eq!(statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count(), 10);
        assert_eq!(one.committed() + other.committed(), (round + 1) * 10);
    }
}

#[tokio::test]
async fn nonces_outlive_the_process() {
    let home = TestHome::new();
    let scene = Scene::around(Gateway::start_in(home.path(), fast()).await);
    let message = scene.signed("a thing");
    assert_eq!(scene.send(&message).await.status, StatusCode::CREATED);
    scene.gateway.crash().await;
    let scene = Scene::around(Gateway::start_in(home.path(), fast()).await);
    scene.expect_refused("after a crash", &scene.send(&message).await);
    scene.gateway.stop().await;
    let scene = Scene::around(Gateway::start_in(home.path(), fast()).await);
    scene.expect_refused("after an end in order", &scene.send(&message).await);
}

/// Nonces are forgotten when nobody can use them again, and a while later: clocks differ, and are set back.
#[tokio::test]
async fn nonces_are_forgotten_in_the_end() {
    let scene = Scene::start().await;
    let old = scene.signed("a thing");
    assert_eq!(scene.send(&old).await.status, StatusCode::CREATED);
    scene.gateway.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(scene.send(&scene.signed("a thing")).await.status, StatusCode::CREATED);
    scene.gateway.clock.set_back(Duration::from_secs(5 * 60));
    assert_eq!(scene.send(&old).await.status, StatusCode::UNAUTHORIZED, "the clock was set back");
    assert_eq!(kept(&scene.gateway).await, 2);

    scene.gateway.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(scene.send(&scene.signed("a thing")).await.status, StatusCode::CREATED);
    let are_gone = async { while kept(&scene.gateway).await != 1 {} };
    tokio::time::timeout(Duration::from_secs(10), are_gone).await.expect("the old ones go");
}
