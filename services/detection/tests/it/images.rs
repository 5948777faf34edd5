use prosopa_contract::engine::ImageFormat;
use prosopa_model::AccountId;
use prosopa_testkit::analysis_of;

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

/// N7: what the camera wrote beside the pixels is not kept; the pixels are.
#[tokio::test]
async fn a_picture_is_kept_without_its_metadata() {
    let detection = Detection::with(|_| Ok(analysis_of(ImageFormat::Png, 1))).await;
    let account = AccountId::new();
    let mut bare = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut bare, image::ImageFormat::Png).unwrap();
    let bare = bare.into_inner();
    // A chunk `tEXt`; nobody who skips it looks at its checksum.
    let text = [b"\0\0\0\x10tEXt".as_slice(), b"Comment\0at home!", &[0; 4]].concat();
    let sent = [&bare[..33], &text, &bare[33..]].concat();
    let made = detection.post(account, "image/png", sent).await.json();
    let path = format!("/api/v1/images/{}/content", made["image"]["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &path).await.body, bare);
    assert_eq!(made["image"]["bytes"], bare.len());
}
