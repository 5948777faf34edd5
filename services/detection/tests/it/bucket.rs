//! Pictures in a bucket whose server fails: what was answered for is there, and nothing else stays.

use std::{collections::BTreeSet, time::Duration};

use axum::{Router, response::IntoResponse};
use futures::future::join_all;
use http::StatusCode;
use tokio::net::TcpListener;

use prosopa_detection::{Config, DetectionService};
use prosopa_model::AccountId;
use prosopa_runtime::Service;
use prosopa_testkit::{ScriptedAccounts, ScriptedEngine, TestHome, TestPlatform};
use prosopa_vault::S3Config;

use crate::{faulty_s3::FaultyS3, support::Detection};

const LIST: &str = "/api/v1/faces/detections";

/// F10, K9: of pictures whose keeping failed in every way, those that were answered with 201 are there and open, the others
/// were refused with 503 and are nowhere.
#[tokio::test]
async fn what_was_answered_for_is_there_and_nothing_else() {
    let (server, config) = FaultyS3::start().await;
    let detection = Detection::start_in_bucket(config).await;
    let account = AccountId::new();
    let posts = (0..16).map(|_| detection.post(account, "image/jpeg", "a picture"));
    let answers = join_all(posts).await;
    let mut kept = BTreeSet::new();
    for answer in answers {
        if answer.status == 201 {
            let image = answer.json()["image"]["id"].as_str().unwrap().to_owned();
            let content = detection.get(account, &format!("/api/v1/images/{image}/content")).await;
            assert_eq!(content.body, b"a picture");
            kept.insert(image);
        } else {
            assert_eq!(answer.refusal(), (503, "unavailable".into()));
            assert!(answer.headers.contains_key("retry-after"));
        }
    }
    assert_eq!(kept.len(), 8, "those that were kept, and those whose first answer was lost");
    assert_eq!(detection.get(account, LIST).await.json()["items"].as_array().unwrap().len(), 8);
    assert_eq!(server.names().into_iter().collect::<BTreeSet<_>>(), kept);
}

/// N7: what could not be removed when its upload failed is swept once that is possible; other pictures stay.
#[tokio::test]
async fn what_a_failed_upload_left_behind_is_swept() {
    let (server, config) = FaultyS3::start().await;
    let detection = Detection::start_in_bucket(config).await;
    let account = AccountId::new();
    server.keep_all();
    for expected in [201, 201, 503, 503] {
        assert_eq!(detection.post(account, "image/jpeg", "a picture").await.status, expected);
    }
    assert_eq!(server.names().len(), 3, "one of nobody");
    server.mend();
    detection.test.clock.set("2100-01-01T00:00:00Z");
    detection.sweep_until(async || server.names().len() == 2).await;
}

async fn build(config: S3Config) -> (Result<prosopa_runtime::Parts<()>, String>, TestPlatform) {
    let mut test = TestPlatform::of(TestHome::in_bucket(config));
    test.platform.peers.engine = Some(std::sync::Arc::new(ScriptedEngine::new(|_| unreachable!())));
    test.platform.peers.accounts = Some(std::sync::Arc::<ScriptedAccounts>::default());
    let built = DetectionService::build(Config::default(), &test.platform).await;
    (built.map_err(|error| error.to_string()), test)
}

/// F5: a bucket that refuses what is asked ends the start, with what its server says; one that cannot be reached is waited for.
#[tokio::test]
async fn a_bucket_is_looked_at_before_the_start() {
    let (_, config) = FaultyS3::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(|| async {
        (StatusCode::NOT_FOUND, "<Error><Code>NoSuchBucket</Code></Error>").into_response()
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (refused, _test) = build(S3Config { endpoint: Some(refusing), ..config.clone() }).await;
    let message = refused.err().unwrap();
    assert!(message.contains("NoSuchBucket"), "{message}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for (endpoint, is_ready) in [(Some(gone), false), (config.endpoint.clone(), true)] {
        let (built, _test) = build(S3Config { endpoint, ..config.clone() }).await;
        let readiness = built.unwrap().readiness.remove(0);
        assert_eq!(readiness.name, "blobs");
        let answer = tokio::time::timeout(Duration::from_secs(2), (readiness.check)()).await.unwrap();
        assert_eq!(answer.is_ok(), is_ready, "{answer:?}");
    }
}
