//! Work that is not waited for.

use prosopa_harness::{Answer, Caller, Product, patiently, photo};
use reqwest::Method;

const PATH: &str = "/api/v1/faces/detections";

async fn submit(user: &Caller, preference: &str) -> Answer {
    patiently(async || {
        let request = user.request(Method::POST, PATH).header("prefer", preference);
        user.send(request.header("content-type", "image/png").body(photo())).await
    })
    .await
}

/// Asks for a job until it has ended.
async fn ended(user: &Caller, job: &str) -> serde_json::Value {
    loop {
        let job = patiently(async || user.get(job).await).await.json();
        if job["status"] != "queued" && job["status"] != "processing" {
            return job;
        }
    }
}

/// K6: `Prefer: respond-async` gives a job at once; its result is the same as if one had waited.
#[tokio::test]
async fn a_job_finds_what_a_waiting_caller_gets() {
    let product = Product::start().await;
    let user = product.user().await;
    let accepted = submit(&user, "respond-async").await;
    assert_eq!(accepted.status, 202, "{:?}", accepted.json());
    let job = ended(&user, accepted.headers["location"].to_str().unwrap()).await;
    assert_eq!(job["status"], "completed", "{job}");
    let made = patiently(async || user.get(job["result_href"].as_str().unwrap()).await).await.json();
    let waited = patiently(async || user.detect(photo(), "image/png").await).await.json();
    assert_eq!(made["faces"], waited["faces"]);
    assert_eq!(submit(&user, "respond-async, wait=60").await.status, 201);
    let listed = patiently(async || user.get("/api/v1/detection/jobs?status=completed").await).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let refused = patiently(async || user.get("/api/v1/detection/jobs?status=lost").await).await;
    assert_eq!(refused.refusal(), (422, "validation-failed".into()));
}

/// F10: jobs that were promised are done after a kill -9, each with one detection.
#[tokio::test]
async fn promised_jobs_survive_a_kill() {
    let product = Product::start().await;
    let user = product.user().await;
    let mut jobs = Vec::new();
    for _ in 0..6 {
        jobs.push(submit(&user, "respond-async").await.headers["location"].to_str().unwrap().to_owned());
    }
    let folder = product.folder();
    product.kill().await;
    let product = Product::start_again(folder).await;
    let user = product.log_in(&user.user_name).await;
    // What the killed process had in hand is taken back when its lease is over: half a minute.
    for job in &jobs {
        let job = ended(&user, job).await;
        assert_eq!(job["status"], "completed", "{job}");
    }
    let list = patiently(async || user.get(&format!("{PATH}?limit=200")).await).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), jobs.len());
}

/// F10, K6: every change of a job reaches the list of all jobs, also what happened around a kill -9; nobody else sees it.
#[tokio::test]
async fn every_job_reaches_the_list_of_all_jobs() {
    let product = Product::start().await;
    let user = product.user().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(submit(&user, "respond-async").await.text("/id"));
    }
    let folder = product.folder();
    product.kill().await;
    let product = Product::start_again(folder).await;
    let user = product.log_in(&user.user_name).await;
    let items = loop {
        let list = patiently(async || user.get("/api/v1/jobs?status=completed").await).await.json();
        if list["items"].as_array().is_some_and(|items| items.len() == made.len()) {
            break list["items"].as_array().unwrap().clone();
        }
        tokio::task::yield_now().await;
    };
    for id in &made {
        let item = items.iter().find(|item| item["id"] == id.as_str()).unwrap();
        assert_eq!((&item["service"], &item["kind"]), (&"detection".into(), &"detect-faces".into()));
        let job = patiently(async || user.get(item["href"].as_str().unwrap()).await).await;
        assert_eq!(job.json()["status"], "completed");
    }
    let stranger = product.user().await;
    let list = patiently(async || stranger.get("/api/v1/jobs").await).await.json();
    assert_eq!(list["items"], serde_json::json!([]));
    let refused = patiently(async || stranger.get("/api/v1/jobs?status=lost").await).await;
    assert_eq!(refused.refusal(), (422, "validation-failed".into()));
}
