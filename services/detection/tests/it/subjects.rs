//! Subjects: whose face it is, and what is left when a person is erased.

use http::Request;
use serde_json::{Value, json};

use prosopa_model::{AccountId, DetectionId, ImageId};
use prosopa_store::{Database, affected, on_db, query, query_scalar};

use crate::support::Detection;

const LIST: &str = "/api/v1/faces/detections";

impl Detection {
    /// Sends a picture of a person whom the caller names.
    pub(crate) async fn detect_person(&self, account: AccountId, name: &str) -> Value {
        let path = format!("{LIST}?subject_id={name}");
        let request = Request::post(path).header("content-type", "image/jpeg").body("a picture".into());
        let received = self.call(account, request.unwrap()).await;
        assert_eq!(received.status, 201, "{}", received.json());
        received.json()
    }

    async fn erase(&self, account: AccountId, subject: &Value) -> u16 {
        let path = format!("/api/v1/faces/subjects/{}", subject.as_str().unwrap());
        self.delete(account, &path).await.status.as_u16()
    }

    async fn status_of(&self, account: AccountId, made: &Value) -> [u16; 2] {
        let detection = format!("{LIST}/{}", made["id"].as_str().unwrap());
        let content = format!("/api/v1/images/{}/content", made["image"]["id"].as_str().unwrap());
        [
            self.get(account, &detection).await.status.as_u16(),
            self.get(account, &content).await.status.as_u16(),
        ]
    }

    /// Keys that still exist.
    pub(crate) async fn count_keys(&self) -> i64 {
        let options = self.test.home.options("detection_keys");
        let database = Database::open_as_it_is(&options).await.unwrap();
        let mut connection = database.read().await.unwrap();
        let count = "SELECT count(*) FROM subjects";
        let count = on_db!(connection, c => query_scalar(count).fetch_one(c).await).unwrap();
        drop(connection);
        database.close().await;
        count
    }
}

/// N7: pictures of one name are of one person, of one account's.
#[tokio::test]
async fn a_name_stands_for_one_person_of_one_account() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let first = detection.detect_person(account, "patient-7").await;
    let again = detection.detect_person(account, "patient-7").await;
    assert_eq!(first["subject"], again["subject"]);
    let other = detection.detect_person(account, "patient-8").await;
    let elsewhere = detection.detect_person(AccountId::new(), "patient-7").await;
    let unnamed = detection.post(account, "image/jpeg", "a picture").await.json();
    for different in [&other, &elsewhere, &unnamed] {
        assert!(different["subject"].as_str().unwrap().starts_with("sub_"));
        assert_ne!(different["subject"], first["subject"]);
    }
    assert!(
        !detection.test.home.holds_anywhere(b"patient-7").await,
        "nobody who finds the disk reads the name"
    );
    let shown = detection.get(account, &format!("{LIST}/{}", first["id"].as_str().unwrap())).await.json();
    assert_eq!(shown["subject"], first["subject"]);
}

/// N7: an erased person's pictures and findings are gone at once, and what is left of them after the job.
#[tokio::test]
async fn an_erased_person_is_gone() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let [one, two] = [(); 2].map(|()| detection.detect_person(account, "patient-7"));
    let (one, two) = (one.await, two.await);
    let other = detection.detect_person(account, "patient-8").await;
    assert_eq!(detection.erase(account, &one["subject"]).await, 202);
    for made in [&one, &two] {
        assert_eq!(detection.status_of(account, made).await, [404, 404]);
    }
    assert_eq!(detection.status_of(account, &other).await, [200, 200]);
    assert_eq!(detection.work().await, 1);
    let list = detection.get(account, LIST).await.json();
    let left: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
    assert_eq!(left, [&other["id"]]);
    assert_eq!(detection.count_keys().await, 1);
    assert_eq!(
        detection.test.home.blobs().names("detection").await,
        [other["image"]["id"].as_str().unwrap()]
    );
    assert_eq!(detection.erase(account, &one["subject"]).await, 202, "once more does no harm");
    assert_eq!(detection.work().await, 1);
    let anew = detection.detect_person(account, "patient-7").await;
    assert_ne!(anew["subject"], one["subject"], "the name is free again");
}

/// N7: nobody erases a person of somebody else, nor learns whether there is one.
#[tokio::test]
async fn foreign_persons_answer_like_absent_ones() {
    let detection = Detection::start().await;
    let owner = AccountId::new();
    let made = detection.detect_person(owner, "patient-7").await;
    let stranger = AccountId::new();
    let path = format!("/api/v1/faces/subjects/{}", made["subject"].as_str().unwrap());
    let foreign = detection.delete(stranger, &path).await;
    assert_eq!(foreign.refusal(), (404, "not-found".into()));
    for path in ["/api/v1/faces/subjects/sub_01h455vb4pex5vsknk084sn02q", "/api/v1/faces/subjects/1"] {
        assert_eq!(detection.delete(stranger, path).await.body, foreign.body, "{path}");
    }
    assert_eq!(detection.status_of(owner, &made).await, [200, 200]);
}

/// N7: with an upload that named nobody its key goes too; a named person's stays for the next picture.
#[tokio::test]
async fn the_key_of_an_upload_goes_with_it() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let named = detection.detect_person(account, "patient-7").await;
    let unnamed = detection.detect(account).await;
    assert_eq!(detection.count_keys().await, 2);
    assert_eq!(detection.delete(account, &format!("{LIST}/{unnamed}")).await.status, 204);
    assert_eq!(detection.count_keys().await, 1);
    let path = format!("{LIST}/{}", named["id"].as_str().unwrap());
    assert_eq!(detection.delete(account, &path).await.status, 204);
    assert_eq!(detection.count_keys().await, 1);
    assert_eq!(detection.detect_person(account, "patient-7").await["subject"], named["subject"]);
}

/// N7: a picture that could not be kept leaves no key.
#[tokio::test]
async fn a_failed_upload_leaves_no_key() {
    let detection = Detection::start_in_files().await;
    let account = AccountId::new();
    std::fs::write(detection.test.home.path().join("blobs"), "a file where the folder should be").unwrap();
    assert_eq!(detection.post(account, "image/jpeg", "a picture").await.status, 503);
    assert_eq!(detection.submit(account).await.status, 503);
    assert_eq!(detection.count_keys().await, 0);
}

/// N7: what waits for its job when the person is erased is not looked at any more.
#[tokio::test]
async fn jobs_of_an_erased_person_fail() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let made = detection.detect_person(account, "patient-7").await;
    let request = Request::post(format!("{LIST}?subject_id=patient-7")).header("prefer", "respond-async");
    let request = request.header("content-type", "image/jpeg").body("a picture".into()).unwrap();
    let queued = detection.call(account, request).await;
    assert_eq!(queued.status, 202);
    assert_eq!(detection.erase(account, &made["subject"]).await, 202);
    detection.work().await;
    let job = detection.get(account, queued.headers["location"].to_str().unwrap()).await.json();
    assert_eq!((&job["status"], &job["problem"]["code"]), (&json!("failed"), &json!("not-found")), "{job}");
    assert_eq!(detection.get(account, LIST).await.json()["items"], json!([]));
}

/// N7: names are bounded.
#[tokio::test]
async fn names_that_are_none_are_refused() {
    let detection = Detection::start().await;
    for name in ["", "a%0Ab", &"x".repeat(201)] {
        let request = Request::post(format!("{LIST}?subject_id={name}")).header("content-type", "image/jpeg");
        let received = detection.call(AccountId::new(), request.body("a picture".into()).unwrap()).await;
        assert_eq!(received.refusal(), (422, "validation-failed".into()), "{name}");
        assert_eq!(received.json()["errors"][0]["pointer"], "?subject_id");
    }
}

/// N7: what was kept before there were subjects is still read.
#[tokio::test]
async fn what_has_no_subject_is_still_read() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let platform = &detection.test.platform;
    let (id, image_id) = (DetectionId::new(), ImageId::new());
    platform.blobs("detection").put(&image_id.to_string(), b"an old picture".to_vec()).await.unwrap();
    let findings = br#"{"faces":[],"embeddings":[]}"#;
    let findings = platform.keyring.seal(&format!("detection/findings/{id}"), findings).unwrap();
    let database = Database::open_as_it_is(&detection.test.home.options("detection")).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    let image = "INSERT INTO images (id, account_id, sha256, format, width, height, bytes, created_at)
         VALUES ($1, $2, '', 'jpeg', 2, 1, 14, 1)";
    on_db!(tx, c => query(image).bind(image_id.uuid()).bind(account.uuid()).execute(c).await.map(affected))
        .unwrap();
    let made =
        "INSERT INTO detections (id, account_id, image_id, face_count, model_digest, findings, created_at)
         VALUES ($1, $2, $3, 0, '', $4, 1)";
    on_db!(tx, c => query(made)
        .bind(id.uuid())
        .bind(account.uuid())
        .bind(image_id.uuid())
        .bind(findings)
        .execute(c)
        .await
        .map(affected))
    .unwrap();
    tx.commit().await.unwrap();
    database.close().await;
    let shown = detection.get(account, &format!("{LIST}/{id}")).await.json();
    assert_eq!((shown["faces"].clone(), shown.get("subject")), (json!([]), None));
    let content = detection.get(account, &format!("/api/v1/images/{image_id}/content")).await;
    assert_eq!(content.body, b"an old picture");
    assert_eq!(detection.delete(account, &format!("{LIST}/{id}")).await.status, 204);
}
