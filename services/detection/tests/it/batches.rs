//! Faces in several kept pictures at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::Request;
use serde_json::{Value, json};

use prosopa_contract::engine::{EngineError, ImageFormat};
use prosopa_model::AccountId;
use prosopa_testkit::{Received, analysis_of};

use crate::support::Detection;

const BATCH: &str = "/api/v1/faces/detections/batch";

impl Detection {
    async fn batch(&self, account: AccountId, key: &str, body: &Value) -> Received {
        let request = Request::post(BATCH).header("content-type", "application/json");
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        self.call(account, request.body(body.to_string().into()).unwrap()).await
    }
}

fn statuses(answer: &Value) -> Vec<u64> {
    answer["results"].as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

/// An engine that takes pictures apart by their bytes, and never holds more than four.
fn engine() -> (
    Arc<AtomicUsize>,
    impl Fn(
        prosopa_contract::engine::AnalyzeFacesRequest,
    ) -> Result<prosopa_contract::engine::AnalyzeFacesResponse, EngineError>
    + Send
    + Sync
    + 'static,
) {
    let looked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looked);
    let script = move |request: prosopa_contract::engine::AnalyzeFacesRequest| {
        if !request.decode_only {
            counted.fetch_add(1, Ordering::Relaxed);
            if request.image.starts_with(b"busy") {
                return Err(EngineError::Overloaded { retry_after_ms: 10 });
            }
        }
        Ok(analysis_of(ImageFormat::Jpeg, usize::from(request.image.starts_with(b"face"))))
    };
    (looked, script)
}

/// K3: each picture has its result, in the order asked for; what fails does not keep the others, and costs nothing.
#[tokio::test]
async fn each_picture_has_its_result() {
    let (_, script) = engine();
    let detection = Detection::with(script).await;
    let account = AccountId::new();
    let face = detection.keep(account, &[], b"face").await;
    let busy = detection.keep(account, &[], b"busy").await;
    let none = detection.keep(account, &[], b"wall").await;
    let foreign = detection.keep(AccountId::new(), &[], b"face of another").await;
    let images = json!([none, foreign, face, "selfie", busy]);
    let received = detection.batch(account, "", &json!({ "images": images })).await;
    assert_eq!(received.status, 200, "{}", received.json());
    let answer = received.json();
    assert_eq!(statuses(&answer), [201, 404, 201, 404, 503]);
    assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(2), &json!(3)));
    let results = answer["results"].as_array().unwrap();
    let asked: Vec<_> = results.iter().map(|result| result["image_id"].clone()).collect();
    assert_eq!(json!(asked), images);
    assert_eq!(results[2]["detection"]["faces"].as_array().unwrap().len(), 1);
    assert_eq!(results[0]["detection"]["face_count"], 0);
    assert_eq!(results[1]["problem"]["code"], "not-found");
    assert_eq!(results[1]["problem"], results[3]["problem"], "nobody learns what others have");
    assert_eq!(results[4]["problem"]["code"], "overloaded");
    assert_eq!(received.headers["prosopa-units-done"], "2");
    let billed: Vec<_> = detection.charges().await.into_iter().map(|charge| charge.resource_id).collect();
    assert_eq!(billed.len(), 2);
    assert!(
        [0, 2]
            .iter()
            .all(|at| billed.contains(&results[*at]["detection"]["id"].as_str().unwrap().to_owned()))
    );
}

/// K3, N9: a batch that is sent again with its key does what was not done, and nothing twice.
#[tokio::test]
async fn a_batch_that_is_sent_again_goes_on() {
    let (looked, script) = engine();
    let detection = Detection::with(script).await;
    let account = AccountId::new();
    let (one, two) =
        (detection.keep(account, &[], b"face").await, detection.keep(account, &[], b"wall").await);
    let first = detection.batch(account, "k1", &json!({ "images": [one] })).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let both = json!({ "images": [one, two] });
    let more = detection.batch(account, "k1", &both).await;
    assert_eq!(more.json()["results"][0]["detection"]["id"], first.json()["results"][0]["detection"]["id"]);
    assert_eq!(
        (more.headers["prosopa-units-done"].to_str().unwrap(), looked.load(Ordering::Relaxed)),
        ("1", 2)
    );
    let again = detection.batch(account, "k1", &both).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!((statuses(&again.json()), looked.load(Ordering::Relaxed)), (vec![201, 201], 2));
    let other = detection.batch(account, "k1", &json!({ "images": [one], "max_faces": 2 })).await;
    assert_eq!(other.json()["results"][0]["problem"]["code"], "idempotency-key-reused");
    assert_eq!(detection.charges().await.len(), 2);
}

/// K3, K6: who does not wait gets a job for each picture, once for a key, and what comes of them under the same key.
#[tokio::test]
async fn a_batch_may_be_left_to_jobs() {
    let (looked, script) = engine();
    let detection = Detection::with(script).await;
    let account = AccountId::new();
    let (face, wall) =
        (detection.keep(account, &[], b"face").await, detection.keep(account, &[], b"wall").await);
    let body = json!({ "images": [face, "selfie", wall] });
    let send = async || {
        let request = Request::post(BATCH).header("content-type", "application/json");
        let request = request.header("idempotency-key", "k1").header("prefer", "respond-async");
        detection.call(account, request.body(body.to_string().into()).unwrap()).await
    };
    let first = send().await;
    assert_eq!((first.status.as_u16(), statuses(&first.json())), (202, vec![202, 404, 202]));
    assert_eq!(first.headers["location"], "/api/v1/detection/jobs");
    assert_eq!(
        (&first.headers["prosopa-units-done"], looked.load(Ordering::Relaxed)),
        (&"2".parse().unwrap(), 0)
    );
    let again = send().await.json();
    let job = |answer: &Value| answer["results"][0]["job"]["id"].clone();
    assert_eq!(job(&again), job(&first.json()));
    assert_eq!(detection.work().await, 2);
    let done = send().await;
    assert_eq!(statuses(&done.json()), [201, 404, 201]);
    assert_eq!(done.json()["results"][0]["detection"]["face_count"], 1);
    assert_eq!((looked.load(Ordering::Relaxed), detection.charges().await.len()), (2, 2));
}

/// K3, F5: none, 101, the same twice, and values out of range are refused as a whole.
#[tokio::test]
async fn bad_batches_are_refused() {
    let detection = Detection::with(|_| panic!("the engine was asked")).await;
    let account = AccountId::new();
    let ids = |count: usize| -> Vec<String> { (0..count).map(|id| format!("img_{id}")).collect() };
    let cases = [
        (json!({ "images": [] }), "/images"),
        (json!({ "images": ids(101) }), "/images"),
        (json!({ "images": ["img_1", "img_2", "img_1"] }), "/images/2"),
        (json!({ "images": ["img_1", 2] }), "/images/1"),
        (json!({ "images": ["img_1"], "max_faces": 26 }), "/max_faces"),
        (json!({ "images": ["img_1"], "min_face_px": 1 }), "/min_face_px"),
        (json!({ "images": ["img_1"], "subject_id": "x" }), "/subject_id"),
    ];
    for (body, pointer) in cases {
        let refused = detection.batch(account, "", &body).await;
        assert_eq!(refused.refusal(), (422, "validation-failed".into()), "{pointer}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    let most = detection.batch(account, "", &json!({ "images": ids(100) })).await;
    assert_eq!((most.status.as_u16(), &most.json()["failed"]), (200, &json!(100)));
}
