use prosopa_contract::engine::ImageFormat;
use prosopa_model::AccountId;
use prosopa_testkit::analysis_of;

use crate::support::Detection;

/// F4: boxes, landmarks, scores, quality, picture, model and timings come back.
#[tokio::test]
async fn the_answer_describes_picture_and_faces() {
    let detection = Detection::start().await;
    let received = detection.post(AccountId::new(), "image/jpeg", "a picture").await;
    let answer = received.json();
    let path = format!("/api/v1/faces/detections/{}", answer["id"].as_str().unwrap());
    assert_eq!(received.headers["location"], path.as_str());
    let image = &answer["image"];
    assert_eq!((&image["width"], &image["height"]), (&200.into(), &100.into()));
    assert_eq!((&image["format"], &image["bytes"]), (&"jpeg".into(), &9.into()));
    // printf 'a picture' | sha256sum
    assert_eq!(image["sha256"], "92b2fa58028958317e408bd84ecfa70f5ee35b121991dbc232c49d166353708b");
    let face = &answer["faces"][0];
    assert_eq!(face["box"], serde_json::json!({"x": 20.0, "y": 10.0, "width": 40.0, "height": 50.0}));
    let normalized = serde_json::json!({"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.5});
    assert_eq!(face["box_normalized"], normalized);
    assert_eq!(face["landmarks5"].as_array().unwrap().len(), 5);
    assert_eq!(face["landmarks68"].as_array().unwrap().len(), 68);
    assert_eq!(face["roll_degrees"], -3.5);
    assert_eq!(face["quality"], serde_json::json!({"sharpness": 120.0, "brightness": 0.5, "face_px": 40.0}));
    assert_eq!(answer["timings"]["detect_us"], 2);
    assert_eq!(answer["created_at"], "2026-01-31T12:00:00.000000Z");
    assert!(!String::from_utf8_lossy(&received.body).contains("embedding"));
}

/// F4, F6: what was answered is stored and given again.
#[tokio::test]
async fn a_detection_is_given_again() {
    let detection = Detection::with(|_| Ok(analysis_of(ImageFormat::Png, 2))).await;
    let account = AccountId::new();
    let mut made = detection.post(account, "image/png", "a picture").await.json();
    let path = format!("/api/v1/faces/detections/{}", made["id"].as_str().unwrap());
    let again = detection.get(account, &path).await;
    assert_eq!(again.status, 200);
    made.as_object_mut().unwrap().remove("timings");
    assert_eq!(again.json(), made);
}

/// F6: nobody else's: a foreign id, one that does not exist and one that is none answer exactly alike.
#[tokio::test]
async fn foreign_detections_answer_like_absent_ones() {
    let detection = Detection::start().await;
    let id = detection.detect(AccountId::new()).await;
    let stranger = AccountId::new();
    let absent = "/api/v1/faces/detections/det_01h455vb4pex5vsknk084sn02q";
    let expected = detection.get(stranger, absent).await;
    assert_eq!(expected.refusal(), (404, "not-found".into()));
    for path in [format!("/api/v1/faces/detections/{id}"), "/api/v1/faces/detections/1".to_owned()] {
        assert_eq!(detection.get(stranger, &path).await.body, expected.body, "{path}");
        assert_eq!(detection.delete(stranger, &path).await.body, expected.body, "{path}");
    }
}

/// F6: a deleted detection is gone, with its picture.
#[tokio::test]
async fn a_deleted_detection_is_gone_with_its_picture() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let made = detection.post(account, "image/jpeg", "a picture").await.json();
    let path = format!("/api/v1/faces/detections/{}", made["id"].as_str().unwrap());
    let content = format!("/api/v1/images/{}/content", made["image"]["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &content).await.status, 200);
    assert_eq!(detection.delete(account, &path).await.status, 204);
    for path in [&path, &content] {
        assert_eq!(detection.get(account, path).await.status, 404, "{path}");
    }
    assert_eq!(detection.delete(account, &path).await.status, 404);
}

/// N7: whoever finds the disk reads neither picture nor landmarks nor embedding.
#[tokio::test]
async fn nothing_that_identifies_lies_open_on_the_disk() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let picture = "a picture of somebody";
    assert_eq!(detection.post(account, "image/jpeg", picture).await.status, 201);
    let home = &detection.test.home;
    for needle in [picture, "landmarks", "31.25", "embedding"] {
        assert!(!home.holds_anywhere(needle.as_bytes()).await, "{needle}");
    }
    // The same search does find what is kept in the open.
    assert!(home.holds_anywhere(b"jpeg").await);
}

/// F5: a folder that cannot be used is said, nothing is stored, and the service recovers with it.
#[tokio::test]
async fn a_lost_blob_folder_is_unavailable_until_it_is_back() {
    let detection = Detection::start_in_files().await;
    let account = AccountId::new();
    let blobs = detection.test.home.path().join("blobs");
    std::fs::write(&blobs, "a file where the folder should be").unwrap();
    let received = detection.post(account, "image/jpeg", "a picture").await;
    assert_eq!(received.refusal(), (503, "unavailable".into()));
    assert_eq!(
        detection.get(account, "/api/v1/faces/detections").await.json()["items"],
        serde_json::json!([])
    );
    std::fs::remove_file(&blobs).unwrap();
    detection.detect(account).await;
}
