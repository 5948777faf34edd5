//! Requests that are sent again with their key.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures::future::join_all;
use http::Request;

use prosopa_contract::engine::{EngineError, ImageFormat};
use prosopa_model::AccountId;
use prosopa_testkit::{Received, analysis_of};

use crate::support::Detection;

const PATH: &str = "/api/v1/faces/detections";

async fn send(detection: &Detection, account: AccountId, key: &str, picture: &'static str) -> Received {
    send_preferring(detection, account, key, picture, "x").await
}

async fn send_preferring(
    detection: &Detection,
    account: AccountId,
    key: &str,
    picture: &'static str,
    preference: &str,
) -> Received {
    let request = Request::post(PATH).header("content-type", "image/jpeg").header("prefer", preference);
    let request = request.header("idempotency-key", key).body(picture.into()).unwrap();
    detection.call(account, request).await
}

async fn count(detection: &Detection, account: AccountId) -> usize {
    detection.get(account, PATH).await.json()["items"].as_array().unwrap().len()
}

/// N9: sent again, a request is answered with what it made, and makes nothing.
#[tokio::test]
async fn a_repetition_is_answered_with_the_first_outcome() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let first = send(&detection, account, "k1", "a picture").await;
    assert_eq!(first.status, 201);
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = send(&detection, account, "\"k1\"", "a picture").await;
    assert_eq!(again.status, 201);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.headers["location"], first.headers["location"]);
    assert_eq!(again.json()["faces"], first.json()["faces"]);
    assert_eq!(count(&detection, account).await, 1);
    let other = send(&detection, account, "k1", "another picture").await;
    assert_eq!(other.refusal(), (422, "idempotency-key-reused".into()));
    assert_eq!(send(&detection, AccountId::new(), "k1", "another picture").await.status, 201);
    for bad in ["", "two words"] {
        assert_eq!(
            send(&detection, account, bad, "a picture").await.refusal(),
            (400, "malformed-request".into())
        );
    }
}

/// N9: the key is found neither in files nor in rows.
#[tokio::test]
async fn a_key_is_not_kept() {
    let detection = Detection::start().await;
    send(&detection, AccountId::new(), "a-secret-in-a-key", "a picture").await;
    assert!(!detection.test.home.holds_anywhere(b"a-secret-in-a-key").await);
}

/// N9: of many that are sent at once, one is done.
#[tokio::test]
async fn racing_repetitions_make_one_detection() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let sent = join_all((0..12).map(|_| send(&detection, account, "k", "a picture"))).await;
    for received in &sent {
        match received.status.as_u16() {
            201 => {}
            _ => assert_eq!(received.refusal(), (409, "idempotency-key-in-use".into())),
        }
    }
    assert!(sent.iter().any(|received| received.status == 201));
    assert_eq!(count(&detection, account).await, 1);
}

/// N9: what failed is a new attempt when it is sent again.
#[tokio::test]
async fn a_failed_request_may_be_sent_again() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let detection = Detection::with(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Err(EngineError::Unavailable { detail: "gone".into() }),
        _ => Ok(analysis_of(ImageFormat::Jpeg, 1)),
    })
    .await;
    let account = AccountId::new();
    assert_eq!(send(&detection, account, "k", "a picture").await.status, 503);
    assert_eq!(send(&detection, account, "k", "a picture").await.status, 201);
    assert_eq!(count(&detection, account).await, 1);
}

/// N9, K6: a job that was promised is told again as it stands, and its detection once there is one.
#[tokio::test]
async fn a_promised_job_is_told_again() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let send = || send_preferring(&detection, account, "k", "a picture", "respond-async");
    let first = send().await;
    let again = send().await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
    assert_eq!(first.headers["location"], again.headers["location"]);
    assert_eq!(detection.work().await, 1);
    assert_eq!(send().await.status, 201);
    assert_eq!(count(&detection, account).await, 1);
}

/// N9: what was made and deleted since is not made again.
#[tokio::test]
async fn a_deleted_outcome_stays_deleted() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let first = send(&detection, account, "k", "a picture").await;
    detection.delete(account, first.headers["location"].to_str().unwrap()).await;
    assert_eq!(send(&detection, account, "k", "a picture").await.refusal(), (404, "not-found".into()));
    assert_eq!(count(&detection, account).await, 0);
}
