//! Pictures whose time is over.

use prosopa_model::AccountId;

use crate::support::Detection;

/// K3, N7: at its deadline a picture goes, with its key and with what was found in it; others stay.
#[tokio::test]
async fn a_picture_goes_at_its_deadline() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let due = detection.keep(account, &[("delete_at", "2026-01-31T12:05:00Z")], b"a picture").await;
    let later = detection.keep(account, &[("delete_at", "2026-02-28T12:00:00Z")], b"another").await;
    let made = detection.detect_in(account, &due).await;
    let forever = detection.detect(account).await;
    detection.test.clock.set("2026-01-31T12:04:59Z");
    let is_there =
        async |id: &str| detection.get(account, &format!("/api/v1/images/{id}")).await.status == 200;
    assert!(is_there(&due).await);
    detection.test.clock.set("2026-01-31T12:05:00Z");
    // Its key goes last.
    detection.run_until(async || !is_there(&due).await && detection.count_keys().await == 2).await;
    assert!(is_there(&later).await);
    assert_eq!(detection.get(account, made.headers["location"].to_str().unwrap()).await.status, 404);
    let list = detection.get(account, "/api/v1/faces/detections").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["id"], forever.as_str());
    assert_eq!(detection.pictures().await, 2);
}
