//! What is said of results that cost something.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::Request;
use prost::Message;
use tokio::sync::Notify;

use prosopa_contract::{
    engine::{AnalyzeFacesResponse, EngineError, ImageFormat, StageTimings},
    events::{Event, OperationBilled},
};
use prosopa_model::{AccountId, Clock};
use prosopa_store::{Database, on_db, query_scalar};
use prosopa_testkit::{Received, analysis_of};

use crate::support::Detection;

const PATH: &str = "/api/v1/faces/detections";

impl Detection {
    /// Every charge that was said, in its order.
    pub(crate) async fn charges(&self) -> Vec<OperationBilled> {
        let database = Database::open_as_it_is(&self.test.home.options("detection")).await.unwrap();
        let mut connection = database.read().await.unwrap();
        let select = "SELECT data FROM outbox WHERE type = $1 AND topic = $2 ORDER BY position";
        let events: Vec<Vec<u8>> = on_db!(connection, c => query_scalar(select)
            .bind(OperationBilled::TYPE)
            .bind(OperationBilled::TOPIC)
            .fetch_all(c)
            .await)
        .unwrap();
        drop(connection);
        database.close().await;
        events.iter().map(|event| OperationBilled::decode(event.as_slice()).unwrap()).collect()
    }
}

fn analysis_that_takes(device_us: u64) -> AnalyzeFacesResponse {
    let timings = StageTimings { device_us, detect_us: 7, ..StageTimings::default() };
    AnalyzeFacesResponse { timings: Some(timings), ..analysis_of(ImageFormat::Jpeg, 1) }
}

async fn post_keyed(detection: &Detection, account: AccountId, preference: &str) -> Received {
    let request = Request::post(PATH).header("content-type", "image/jpeg").header("prefer", preference);
    let request = request.header("idempotency-key", "k1").body("a picture".into()).unwrap();
    detection.call(account, request).await
}

/// K8: a detection is billed to who asked for it, with what it took.
#[tokio::test]
async fn a_detection_is_billed_with_its_cost() {
    let detection = Detection::with(|_| Ok(analysis_that_takes(1_234))).await;
    let account = AccountId::new();
    let id = detection.detect(account).await;
    let charges = detection.charges().await;
    let [charge] = charges.as_slice() else { panic!("{charges:?}") };
    assert!(charge.user_id.starts_with("usr_"));
    let expected = OperationBilled {
        account_id: account.to_string(),
        user_id: charge.user_id.clone(),
        operation: "faces.detection".into(),
        units: 1,
        resource_id: id,
        billed_at_us: detection.test.clock.now().micros(),
        cpu_us: 1_234,
        device_us: 0,
        bytes: 9,
        model_digest: "0".repeat(64),
    };
    assert_eq!(*charge, expected);
}

/// K8: who asks for the result again, or deletes it, pays once; what was refused costs nothing.
#[tokio::test]
async fn a_repetition_is_billed_once() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let first = post_keyed(&detection, account, "x").await;
    let again = post_keyed(&detection, account, "x").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    detection.get(account, first.headers["location"].to_str().unwrap()).await;
    detection.delete(account, first.headers["location"].to_str().unwrap()).await;
    assert_eq!(detection.post(account, "text/plain", "a picture").await.status, 415);
    assert_eq!(detection.charges().await.len(), 1);
    detection.detect(account).await;
    assert_eq!(detection.charges().await.len(), 2, "another result");
}

/// K8: a job is billed when it is done, once, though its request is sent again and its work tried again.
#[tokio::test]
async fn a_job_is_billed_once() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let detection = Detection::with(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Err(EngineError::Unavailable { detail: "gone".into() }),
        _ => Ok(analysis_that_takes(5)),
    })
    .await;
    let account = AccountId::new();
    for _ in 0..2 {
        assert_eq!(post_keyed(&detection, account, "respond-async").await.status, 202);
    }
    detection.work().await;
    assert_eq!(detection.charges().await, []);
    detection.test.clock.advance(Duration::from_secs(600));
    assert_eq!(detection.work().await, 1);
    let charges = detection.charges().await;
    let [charge] = charges.as_slice() else { panic!("{charges:?}") };
    let made = detection.get(account, PATH).await.json();
    assert_eq!(made["items"][0]["id"], charge.resource_id);
    assert_eq!((charge.cpu_us, charge.units), (5, 1));
    assert_eq!(post_keyed(&detection, account, "respond-async").await.status, 201);
    assert_eq!(detection.charges().await.len(), 1);
}

/// K8, N3: work that is done again because its worker vanished is billed once.
#[tokio::test]
async fn a_worker_that_vanishes_bills_nothing() {
    let (begun, calls) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (began, counted) = (Arc::clone(&begun), Arc::clone(&calls));
    let detection = Detection::with(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        began.notify_one();
        Ok(analysis_of(ImageFormat::Jpeg, 1))
    })
    .await;
    let account = AccountId::new();
    detection.enqueue(account).await;
    tokio::select! {
        biased;
        _ = detection.work() => panic!("done before the worker vanished"),
        () = begun.notified() => {}
    }
    let jobs = detection.parts.as_ref().unwrap().jobs[0].1.jobs().clone();
    detection.test.clock.advance(Duration::from_secs(120));
    jobs.maintain_once().await.unwrap();
    detection.work().await;
    assert!(calls.load(Ordering::Relaxed) >= 1);
    let list = detection.get(account, PATH).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(detection.charges().await.len(), 1);
}
