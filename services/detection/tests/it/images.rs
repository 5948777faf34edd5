use prosopa_model::AccountId;

use crate::support::Detection;

/// F6: the picture comes back byte by byte, to its owner only.
#[tokio::test]
async fn a_picture_comes_back_to_its_owner_only() {
    let detection = Detection::start().await;
    let owner = AccountId::new();
    let made = detection.post(owner, "image/jpeg", "a picture").await.json();
    let path = format!("/api/v1/images/{}/content", made["image"]["id"].as_str().unwrap());
    let received = detection.get(owner, &path).await;
    assert_eq!(received.body, b"a picture");
    assert_eq!(received.headers["content-type"], "image/jpeg");
    assert_eq!(received.headers["x-content-type-options"], "nosniff");
    let stranger = detection.get(AccountId::new(), &path).await;
    let absent = detection.get(owner, "/api/v1/images/img_01h455vb4pex5vsknk084sn02q/content").await;
    assert_eq!(stranger.refusal(), (404, "not-found".into()));
    assert_eq!(stranger.body, absent.body);
}
