//! Faces in pictures that are kept.

use http::Request;
use serde_json::json;

use prosopa_model::AccountId;

use crate::support::Detection;

const LIST: &str = "/api/v1/faces/detections";

impl Detection {
    async fn image_status(&self, account: AccountId, id: &str) -> u16 {
        self.get(account, &format!("/api/v1/images/{id}/content")).await.status.as_u16()
    }
}

/// K3, F4: a kept picture is looked at as often as its owner likes; it is one picture, and each look is billed once.
#[tokio::test]
async fn a_kept_picture_is_looked_at() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let image = detection.upload(account, &[("subject_id", "patient-7")], b"a picture").await.json();
    let id = image["id"].as_str().unwrap();
    let made = [detection.detect_in(account, id).await, detection.detect_in(account, id).await];
    for made in &made {
        assert_eq!(made.status, 201, "{}", made.json());
        assert_eq!((&made.json()["image"]["id"], &made.json()["subject"]), (&image["id"], &image["subject"]));
        let again = detection.get(account, made.headers["location"].to_str().unwrap()).await;
        assert_eq!(again.json()["faces"], made.json()["faces"]);
    }
    assert_eq!(detection.pictures().await, 1);
    let billed = detection.charges().await.into_iter().map(|charge| charge.resource_id);
    assert_eq!(
        billed.collect::<Vec<_>>(),
        made.each_ref().map(|made| made.json()["id"].as_str().unwrap().to_owned())
    );
}

/// K3: an uploaded picture stays when its detections are deleted; one that came with a detection goes with the last.
#[tokio::test]
async fn a_shared_picture_goes_with_the_last_of_its_detections() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let uploaded = detection.keep(account, &[], b"a picture").await;
    let sent = detection.post(account, "image/jpeg", "another picture").await.json();
    let sent_image = sent["image"]["id"].as_str().unwrap();
    let paths =
        [detection.detect_in(account, &uploaded).await, detection.detect_in(account, sent_image).await]
            .map(|made| made.headers["location"].to_str().unwrap().to_owned());
    assert_eq!(
        detection.delete(account, &format!("{LIST}/{}", sent["id"].as_str().unwrap())).await.status,
        204
    );
    assert_eq!(detection.image_status(account, sent_image).await, 200, "another detection has it");
    for path in &paths {
        assert_eq!(detection.delete(account, path).await.status, 204);
    }
    assert_eq!(detection.image_status(account, sent_image).await, 404);
    assert_eq!(detection.image_status(account, &uploaded).await, 200);
    assert_eq!((detection.pictures().await, detection.count_keys().await), (1, 1));
}

/// K3: with a picture goes what was found in it, and nothing else.
#[tokio::test]
async fn deleting_a_picture_deletes_what_was_found_in_it() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let image = detection.keep(account, &[], b"a picture").await;
    let made = [detection.detect_in(account, &image).await, detection.detect_in(account, &image).await];
    let other = detection.detect(account).await;
    assert_eq!(detection.delete(account, &format!("/api/v1/images/{image}")).await.status, 204);
    for made in &made {
        assert_eq!(detection.get(account, made.headers["location"].to_str().unwrap()).await.status, 404);
    }
    assert_eq!(detection.get(account, LIST).await.json()["items"][0]["id"], other.as_str());
    assert_eq!((detection.pictures().await, detection.count_keys().await), (1, 1));
    assert_eq!(detection.delete(account, &format!("/api/v1/images/{image}")).await.status, 404);
    assert_eq!(detection.detect_in(account, &image).await.refusal(), (404, "not-found".into()));
}

/// K6: a kept picture is looked at by a job; if it is deleted before, the job says so.
#[tokio::test]
async fn a_kept_picture_is_looked_at_by_a_job() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let (image, gone) =
        (detection.keep(account, &[], b"a picture").await, detection.keep(account, &[], b"another").await);
    let submit = async |id: &str| {
        let request = Request::post(LIST).header("content-type", "application/json");
        let body = json!({ "image_id": id, "max_faces": 3 }).to_string();
        let request = request.header("prefer", "respond-async").body(body.into()).unwrap();
        let received = detection.call(account, request).await;
        assert_eq!(received.status, 202, "{}", received.json());
        received.headers["location"].to_str().unwrap().to_owned()
    };
    let (job, lost) = (submit(&image).await, submit(&gone).await);
    assert_eq!(detection.delete(account, &format!("/api/v1/images/{gone}")).await.status, 204);
    assert_eq!(detection.work().await, 2);
    let done = detection.get(account, &job).await.json();
    assert_eq!(done["status"], "completed", "{done}");
    let made = detection.get(account, done["result_href"].as_str().unwrap()).await.json();
    assert_eq!(made["image"]["id"], image.as_str());
    let lost = detection.get(account, &lost).await.json();
    assert_eq!(
        (&lost["status"], &lost["problem"]["code"]),
        (&json!("failed"), &json!("not-found")),
        "{lost}"
    );
    assert_eq!(detection.charges().await.len(), 1);
}

/// N9: sent again with its key, the request makes no second detection.
#[tokio::test]
async fn a_look_may_be_asked_for_again() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let (image, other) =
        (detection.keep(account, &[], b"a picture").await, detection.keep(account, &[], b"another").await);
    let ask = async |id: &str| {
        let request = Request::post(LIST).header("content-type", "application/json");
        let body = json!({ "image_id": id }).to_string();
        detection.call(account, request.header("idempotency-key", "k1").body(body.into()).unwrap()).await
    };
    let (first, again) = (ask(&image).await, ask(&image).await);
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert_eq!(ask(&other).await.refusal(), (422, "idempotency-key-reused".into()));
    assert_eq!(detection.charges().await.len(), 1);
}

/// F5: what is wrong with the question is said.
#[tokio::test]
async fn bad_questions_about_kept_pictures_are_named() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let image = detection.keep(account, &[], b"a picture").await;
    let cases = [
        (LIST.to_owned(), json!({ "image_id": image, "min_face_px": 11 }), "/min_face_px"),
        (LIST.to_owned(), json!({ "image_id": image, "max_faces": 0 }), "/max_faces"),
        (LIST.to_owned(), json!({ "image_id": image, "subject_id": "x" }), "/subject_id"),
        (format!("{LIST}?subject_id=x"), json!({ "image_id": image }), "?subject_id"),
        (format!("{LIST}?max_faces=1"), json!({ "image_id": image }), "?max_faces"),
    ];
    for (path, body, pointer) in cases {
        let request = Request::post(&path).header("content-type", "application/json");
        let refused = detection.call(account, request.body(body.to_string().into()).unwrap()).await;
        assert_eq!(refused.refusal(), (422, "validation-failed".into()), "{path} {body}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{path} {body}");
    }
    let jpeg = detection.post(account, "application/json", b"\xff\xd8\xff".as_slice()).await;
    assert_eq!(jpeg.refusal(), (400, "malformed-request".into()));
}
