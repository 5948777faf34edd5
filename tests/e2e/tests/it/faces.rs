use prosopa_harness::{Product, binary, photo};
use reqwest::Method;
use tokio::process::Command;

const DETECTIONS: &str = "/api/v1/faces/detections";

/// F4: a real photo goes in, the face comes back, is stored and can be asked for again.
#[tokio::test]
async fn a_photo_gives_a_face_that_is_kept() {
    let product = Product::start().await;
    let user = product.user().await;
    let answer = user.detect(photo(), "image/png").await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let detection = answer.json();
    assert_eq!(detection["face_count"], 1);
    assert_eq!((&detection["image"]["width"], &detection["image"]["format"]), (&512.into(), &"png".into()));
    let face = &detection["faces"][0];
    // Where an independent implementation of the same network sees it.
    for (side, expected) in [("x", 179.1), ("y", 60.0), ("width", 89.5), ("height", 115.5)] {
        let value = face["box"][side].as_f64().unwrap();
        assert!((value - expected).abs() <= 2.0, "{side}: {value}");
    }
    assert!(face["confidence"].as_f64().unwrap() > 0.99);
    assert_eq!(face["landmarks68"].as_array().unwrap().len(), 68);
    assert!(detection["timings"]["total_us"].as_u64().unwrap() > 0);

    let id = answer.text("/id");
    assert_eq!(answer.headers["location"], format!("{DETECTIONS}/{id}").as_str());
    let again = user.get(&format!("{DETECTIONS}/{id}")).await;
    assert_eq!(again.json()["faces"], detection["faces"]);
    let content = user.get(&format!("/api/v1/images/{}/content", answer.text("/image/id"))).await;
    assert_eq!((content.status, content.body), (200, photo()));

    let list = user.get(DETECTIONS).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["id"], detection["id"]);
    assert_eq!(
        user.get(&format!("{DETECTIONS}?end_date=2020-01-01")).await.json()["items"],
        serde_json::json!([])
    );
    assert_eq!(user.delete(&format!("{DETECTIONS}/{id}")).await.status, 204);
    assert_eq!(user.get(&format!("{DETECTIONS}/{id}")).await.refusal(), (404, "not-found".into()));
}

/// F4: the picture as the body itself gives the same faces as in a form.
#[tokio::test]
async fn form_and_body_give_the_same_faces() {
    let product = Product::start().await;
    let user = product.user().await;
    let in_form = user.detect(photo(), "image/png").await.json();
    let as_body = user.detect_bytes(photo()).await.json();
    assert_eq!(in_form["faces"], as_body["faces"]);
}

/// F6: another user's detection and picture answer exactly like ones that do not exist.
#[tokio::test]
async fn another_user_finds_nothing() {
    let product = Product::start().await;
    let (owner, stranger) = (product.user().await, product.user().await);
    let made = owner.detect(photo(), "image/png").await;
    let hidden = |path: String, absent: &'static str| {
        let stranger = stranger.clone();
        async move {
            let (mut foreign, mut missing) =
                (stranger.get(&path).await.json(), stranger.get(absent).await.json());
            for answer in [&mut foreign, &mut missing] {
                assert!(answer.as_object_mut().unwrap().remove("request_id").is_some());
            }
            assert_eq!(foreign["code"], "not-found");
            assert_eq!(foreign, missing);
        }
    };
    let detection = format!("{DETECTIONS}/{}", made.text("/id"));
    hidden(detection, "/api/v1/faces/detections/det_01h455vb4pex5vsknk084sn02q").await;
    let content = format!("/api/v1/images/{}/content", made.text("/image/id"));
    hidden(content, "/api/v1/images/img_01h455vb4pex5vsknk084sn02q/content").await;
    assert_eq!(stranger.get(DETECTIONS).await.json()["items"], serde_json::json!([]));
}

/// N7: a person that is erased is gone at once; a new master key changes nothing for who stays.
#[tokio::test]
async fn an_erased_person_is_gone() {
    let product = Product::start().await;
    let user = product.user().await;
    let detect = async |person: &str| {
        let path = format!("/api/v1/faces/detections?subject_id={person}");
        let request = user.request(Method::POST, &path).header("content-type", "image/png").body(photo());
        let answer = user.send(request).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        (answer.text("/subject"), format!("/api/v1/faces/detections/{}", answer.text("/id")))
    };
    let (erased, gone) = detect("one").await;
    let (_, kept) = detect("two").await;
    let rotate = Command::new(binary())
        .args(["admin", "rotate-keyring", "--data-dir"])
        .arg(product.data_dir())
        .output();
    assert!(rotate.await.unwrap().status.success());
    let erasure = user.request(Method::DELETE, &format!("/api/v1/faces/subjects/{erased}"));
    let erasure = user.send(erasure.header("prefer", "wait=10")).await;
    assert_eq!((erasure.status, erasure.text("/status")), (202, "completed".into()));
    assert_eq!(user.get(&gone).await.refusal(), (404, "not-found".into()));
    assert_eq!(user.get(&kept).await.json()["face_count"], 1);
    assert_eq!(user.get("/api/v1/faces/detections").await.json()["items"].as_array().unwrap().len(), 1);
    let folder = product.folder();
    product.kill().await;
    let product = Product::start_again(folder).await;
    let user = product.log_in(&user.user_name).await;
    assert_eq!(user.get(&kept).await.json()["face_count"], 1);
}
