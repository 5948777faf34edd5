//! A deployment that runs already, with all that it needs; `PROSOPA_TEST_DEPLOYMENT` says where its gateway is. These are left
//! out where a run has none: `scripts/test-compose.sh` gives it one.

use prosopa_harness::{Caller, patiently, photo};
use reqwest::Method;

const PATH: &str = "/api/v1/faces/detections";

async fn user() -> Caller {
    Caller::of_deployment().sign_up().await
}

/// F12, F1: who has just signed up has faces found in a picture, and the picture itself, until it is deleted.
#[tokio::test]
#[ignore = "needs a deployment: scripts/test-compose.sh"]
async fn a_deployment_finds_faces() {
    let user = user().await;
    let found = patiently(async || user.detect(photo(), "image/png").await).await;
    assert_eq!(found.status, 201, "{:?}", found.json());
    assert_eq!(found.json()["faces"].as_array().unwrap().len(), 1);
    let content = format!("/api/v1/images/{}/content", found.text("/image/id"));
    let kept = patiently(async || user.get(&content).await).await;
    assert_eq!((kept.status, kept.body), (200, photo()));
    let detection = format!("{PATH}/{}", found.text("/id"));
    assert_eq!(patiently(async || user.delete(&detection).await).await.status, 204);
    assert_eq!(patiently(async || user.get(&detection).await).await.status, 404);
    assert_eq!(patiently(async || user.get(&content).await).await.status, 404);
}

/// F10, K6: a job that is not waited for ends, and the service that lists all jobs hears of it over the brokers.
#[tokio::test]
#[ignore = "needs a deployment: scripts/test-compose.sh"]
async fn a_deployment_tells_of_its_jobs() {
    let user = user().await;
    let accepted = patiently(async || {
        let request = user.request(Method::POST, PATH).header("prefer", "respond-async");
        user.send(request.header("content-type", "image/png").body(photo())).await
    })
    .await;
    assert_eq!(accepted.status, 202, "{:?}", accepted.json());
    let job = accepted.headers["location"].to_str().unwrap().to_owned();
    loop {
        let listed = patiently(async || user.get("/api/v1/jobs?status=completed").await).await.json();
        if let Some(listed) = listed["items"].as_array().and_then(|jobs| jobs.first()) {
            assert_eq!(listed["href"], job.as_str());
            return;
        }
        let own = patiently(async || user.get(&job).await).await.json();
        assert_ne!(own["status"], "failed", "{own}");
    }
}

/// S3: nobody is let in without credentials, and what is one user's is told to nobody else.
#[tokio::test]
#[ignore = "needs a deployment: scripts/test-compose.sh"]
async fn a_deployment_keeps_strangers_out() {
    assert_eq!(Caller::of_deployment().get(PATH).await.status, 401);
    let (owner, other) = (user().await, user().await);
    let found = patiently(async || owner.detect(photo(), "image/png").await).await;
    let detection = format!("{PATH}/{}", found.text("/id"));
    assert_eq!(patiently(async || owner.get(&detection).await).await.status, 200);
    assert_eq!(patiently(async || other.get(&detection).await).await.status, 404);
}
