//! Detections of callers who do not wait.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::body::Body;
use http::Request;
use tokio::sync::Notify;

use prosopa_contract::engine::{EngineError, ImageFormat};
use prosopa_model::AccountId;
use prosopa_testkit::analysis_of;

use crate::support::Detection;

const LIST: &str = "/api/v1/faces/detections";

async fn post(detection: &Detection, account: AccountId, path: &str) -> (u16, serde_json::Value) {
    let received = detection.call(account, Request::post(path).body(Body::empty()).unwrap()).await;
    (received.status.as_u16(), received.json())
}

/// K6, F10: the job's address comes at once, its result when it was done; the picture is the sender's then.
#[tokio::test]
async fn a_submitted_picture_becomes_a_detection() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let submitted = detection.submit(account).await;
    assert_eq!(submitted.status, 202);
    assert_eq!(submitted.headers["preference-applied"], "respond-async");
    let job = submitted.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(job, format!("/api/v1/detection/jobs/{}", submitted.json()["id"].as_str().unwrap()));
    let queued = detection.get(account, &job).await.json();
    assert_eq!((&queued["status"], &queued["kind"]), (&"queued".into(), &"detect-faces".into()));
    assert_eq!(detection.get(account, LIST).await.json()["items"], serde_json::json!([]));
    assert_eq!(detection.work().await, 1);
    let done = detection.get(account, &job).await.json();
    assert_eq!(done["status"], "completed", "{done}");
    let made = detection.get(account, done["result_href"].as_str().unwrap()).await.json();
    assert_eq!(made["face_count"], 1);
    let content = format!("/api/v1/images/{}/content", made["image"]["id"].as_str().unwrap());
    assert_eq!(detection.get(account, &content).await.body, b"a picture");
    assert_eq!(detection.work().await, 0, "once is enough");
    assert_eq!(detection.get(account, LIST).await.json()["items"].as_array().unwrap().len(), 1);
}

/// K6: whoever is ready to wait gets the detection itself, if it is done in time.
#[tokio::test]
async fn who_waits_for_a_job_gets_its_detection() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let request = Request::post(LIST).header("content-type", "image/jpeg");
    let request = request.header("prefer", "respond-async, wait=30").body("a picture".into()).unwrap();
    let worker = async {
        while detection.work().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (received, ()) = tokio::join!(detection.call(account, request), worker);
    assert_eq!(received.status, 201);
    assert_eq!(received.json()["face_count"], 1);
}

/// K6: somebody else's job answers like none.
#[tokio::test]
async fn a_foreign_job_is_not_found() {
    let detection = Detection::start().await;
    let job = detection.enqueue(AccountId::new()).await;
    let stranger = AccountId::new();
    assert_eq!(detection.get(stranger, &job).await.refusal(), (404, "not-found".into()));
    for action in ["cancel", "retry"] {
        assert_eq!(post(&detection, stranger, &format!("{job}/{action}")).await.0, 404);
    }
    assert_eq!(
        detection.get(stranger, "/api/v1/detection/jobs").await.json()["items"],
        serde_json::json!([])
    );
}

/// K6: a picture that is at fault fails with the code that a waiting caller would have got, and is not tried again.
#[tokio::test]
async fn a_bad_picture_fails_once() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let detection = Detection::with(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(EngineError::UndecodableImage { detail: "it is torn".into() })
    })
    .await;
    let account = AccountId::new();
    let job = detection.enqueue(account).await;
    detection.work().await;
    let failed = detection.get(account, &job).await.json();
    assert_eq!(
        (&failed["status"], &failed["problem"]["code"]),
        (&"failed".into(), &"image-undecodable".into())
    );
    assert!(failed["remark"].as_str().unwrap().contains("torn"), "{failed}");
    detection.work().await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// K6, N3: an engine that is away for a while costs a pause, not the job; and a failed job can be begun again by hand.
#[tokio::test]
async fn a_lost_engine_is_tried_again() {
    let is_away = Arc::new(AtomicU32::new(6));
    let away = Arc::clone(&is_away);
    let detection = Detection::with(move |_| {
        let left = away.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => Err(EngineError::Unavailable { detail: "gone".into() }),
            Err(_) => Ok(analysis_of(ImageFormat::Jpeg, 2)),
        }
    })
    .await;
    let account = AccountId::new();
    let job = detection.enqueue(account).await;
    detection.work().await;
    let waiting = detection.get(account, &job).await.json();
    assert_eq!((&waiting["status"], &waiting["phase"]), (&"queued".into(), &"waiting_retry".into()));
    for _ in 0..4 {
        detection.test.clock.advance(std::time::Duration::from_secs(600));
        detection.work().await;
    }
    let failed = detection.get(account, &job).await.json();
    assert_eq!((&failed["status"], &failed["problem"]["code"]), (&"failed".into(), &"unavailable".into()));
    let (status, again) = post(&detection, account, &format!("{job}/retry")).await;
    assert_eq!((status, &again["status"]), (200, &"queued".into()));
    detection.work().await;
    detection.test.clock.advance(std::time::Duration::from_secs(600));
    detection.work().await;
    let done = detection.get(account, &job).await.json();
    assert_eq!(done["status"], "completed", "{done}");
    let made = detection.get(account, done["result_href"].as_str().unwrap()).await.json();
    assert_eq!(made["face_count"], 2);
}

/// K6: a queued job that is cancelled is never done.
#[tokio::test]
async fn a_cancelled_job_is_not_done() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let job = detection.enqueue(account).await;
    let (status, cancelled) = post(&detection, account, &format!("{job}/cancel")).await;
    assert_eq!((status, &cancelled["status"]), (200, &"cancelled".into()));
    assert_eq!(detection.work().await, 0);
    let (_, again) = post(&detection, account, &format!("{job}/cancel")).await;
    assert_eq!(again["status"], "cancelled");
    assert_eq!(detection.get(account, LIST).await.json()["items"], serde_json::json!([]));
}

/// N3: a worker that vanishes in the middle costs one repetition; there is one detection in the end.
#[tokio::test]
async fn a_worker_that_vanishes_leaves_one_detection() {
    let (begun, calls) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (began, counted) = (Arc::clone(&begun), Arc::clone(&calls));
    let detection = Detection::with(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        began.notify_one();
        Ok(analysis_of(ImageFormat::Jpeg, 1))
    })
    .await;
    let account = AccountId::new();
    let job = detection.enqueue(account).await;
    tokio::select! {
        biased;
        _ = detection.work() => panic!("done before the worker vanished"),
        () = begun.notified() => {}
    }
    let jobs = detection.parts.as_ref().unwrap().jobs[0].1.jobs().clone();
    detection.test.clock.advance(std::time::Duration::from_secs(120));
    jobs.maintain_once().await.unwrap();
    detection.work().await;
    assert_eq!(detection.get(account, &job).await.json()["status"], "completed");
    assert!(calls.load(Ordering::Relaxed) <= 2);
    assert_eq!(detection.get(account, LIST).await.json()["items"].as_array().unwrap().len(), 1);
}

/// N7: the picture of a job that waits stays, and goes once the job is forgotten.
#[tokio::test]
async fn pictures_of_waiting_jobs_are_not_swept() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let job = detection.enqueue(account).await;
    let all = async || detection.test.home.blobs().names("detection").await.len();
    assert_eq!(all().await, 1);
    detection.test.clock.set("2100-01-01T00:00:00Z");
    detection.sweep().await;
    assert_eq!(all().await, 1, "its job waits");
    post(&detection, account, &format!("{job}/cancel")).await;
    detection.test.clock.set("2100-02-01T00:00:00Z");
    let jobs = detection.parts.as_ref().unwrap().jobs[0].1.jobs().clone();
    jobs.maintain_once().await.unwrap();
    // Its job is forgotten.
    detection.sweep_until(async || all().await == 0).await;
}

/// F10: a job asks again, when it runs, whether its account may still act.
#[tokio::test]
async fn a_barred_account_gets_nothing_more() {
    let detection = Detection::start().await;
    let (barred, other) = (AccountId::new(), AccountId::new());
    let jobs = [detection.enqueue(barred).await, detection.enqueue(other).await];
    detection.accounts.bar(barred);
    assert_eq!(detection.work().await, 2);
    let job = detection.get(barred, &jobs[0]).await.json();
    assert_eq!((&job["status"], &job["problem"]["code"]), (&"failed".into(), &"forbidden".into()), "{job}");
    assert_eq!(
        detection.get(barred, "/api/v1/faces/detections").await.json()["items"],
        serde_json::json!([])
    );
    assert_eq!(detection.get(other, &jobs[1]).await.json()["status"], "completed");
}
