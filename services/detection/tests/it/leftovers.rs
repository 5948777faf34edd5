use std::sync::Arc;

use http::Request;
use tokio::sync::Notify;

use prosopa_contract::engine::{AnalyzeFacesResponse, ImageFormat};
use prosopa_model::AccountId;
use prosopa_testkit::analysis_of;

use crate::support::Detection;

const LIST: &str = "/api/v1/faces/detections";

/// F10: a caller who goes away while the result is being kept leaves a whole detection, not half of one.
#[tokio::test]
async fn who_leaves_late_leaves_a_whole_detection() {
    let analyzed = Arc::new(Notify::new());
    let detection = {
        let analyzed = Arc::clone(&analyzed);
        Detection::with(move |_| {
            analyzed.notify_one();
            Ok(analysis_of(ImageFormat::Jpeg, 1))
        })
        .await
    };
    let account = AccountId::new();
    tokio::select! {
        biased;
        _ = detection.post(account, "image/jpeg", "a picture") => panic!("answered before the caller left"),
        () = analyzed.notified() => {}
    }
    let kept = loop {
        let list = detection.get(account, LIST).await.json();
        if let Some(kept) = list["items"].get(0) {
            break kept.clone();
        }
        tokio::task::yield_now().await;
    };
    let content = format!("/api/v1/images/{}/content", kept["image"]["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &content).await.body, b"a picture");
}

/// N7: a picture whose row was never written, or is gone, does not stay.
#[tokio::test]
async fn pictures_without_a_row_are_swept() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let made = detection.post(account, "image/jpeg", "a picture").await.json();
    detection.test.clock.set("2100-01-01T00:00:00Z");
    detection.sweep().await;
    let content = format!("/api/v1/images/{}/content", made["image"]["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &content).await.body, b"a picture");
}

/// F4: an answer of the engine that cannot be true is kept nowhere.
#[tokio::test]
async fn an_answer_without_a_size_is_a_fault() {
    let detection = Detection::with(|_| Ok(AnalyzeFacesResponse::default())).await;
    let account = AccountId::new();
    let received = detection.post(account, "image/jpeg", "a picture").await;
    assert_eq!(received.refusal(), (500, "internal".into()));
    assert_eq!(detection.get(account, LIST).await.json()["items"], serde_json::json!([]));
}

/// F6: a picture that vanished from the disk is not found, not a fault.
#[tokio::test]
async fn a_vanished_picture_is_not_found() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let made = detection.post(account, "image/jpeg", "a picture").await.json();
    let id = made["image"]["id"].as_str().unwrap();
    detection.test.platform.blobs("detection").delete(id).await.unwrap();
    let request = Request::get(format!("/api/v1/images/{id}/content")).body(axum::body::Body::empty());
    assert_eq!(detection.call(account, request.unwrap()).await.refusal(), (404, "not-found".into()));
}
