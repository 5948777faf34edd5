//! `jobs list|show|watch|cancel|retry`.

use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};

fn job_id(number: u32) -> String {
    format!("job_{number:026}")
}

fn job(number: u32, status: &str, done: u64) -> Value {
    json!({
        "id": job_id(number), "kind": "detect-faces", "class": "normal", "status": status, "phase": status,
        "progress": { "done": done, "total": 4 }, "attempts": 1,
        "created_at": "2026-01-02T03:04:05Z", "started_at": null, "finished_at": null,
    })
}

fn with(mut job: Value, more: Value) -> Value {
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

/// K6: jobs are listed by what they are and when they were made; fields of a newer server are kept.
#[test]
fn jobs_are_listed_as_wanted() {
    let fake = Fake::start();
    let failed = with(job(1, "failed", 0), json!({ "remark": "the picture is empty", "colour": "red" }));
    fake.on("GET /detection/jobs", [Reply::json(200, &json!({ "items": [failed] }))]);
    let home = Home::signed_in(&fake, "a", "r");
    let arguments = ["jobs", "list", "--status", "failed", "--start-date", "2026-01-01"];
    let run = home.run(&fake, &arguments).expect_code(0);
    assert_eq!(fake.requests("GET /detection/jobs")[0].query, "status=failed&start_date=2026-01-01&limit=50");
    assert!(run.stdout.contains("failed: the picture is empty"), "{}", run.stdout);
    let listed = home.run(&fake, &["jobs", "list", "-o", "json"]).expect_code(0).json();
    assert_eq!(listed, json!([failed]));
}

/// K6: nothing to list is said, with what would make a job.
#[test]
fn no_jobs_are_told() {
    let fake = Fake::start();
    fake.on("GET /detection/jobs", [Reply::json(200, &json!({ "items": [], "next_cursor": null }))]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["jobs", "list"]).expect_code(0);
    assert!(run.stderr.contains("respond-async"), "{}", run.stderr);
}

/// K6: a job is watched until it has ended; how far it is goes to stderr, each stage once, its end to stdout.
#[test]
fn a_job_is_watched_to_its_end() {
    let fake = Fake::start();
    let looks =
        [job(1, "queued", 0), job(1, "processing", 1), job(1, "processing", 1), job(1, "processing", 3)];
    let href = "/api/v1/faces/detections/det_01";
    let end = with(job(1, "completed", 4), json!({ "result_href": href }));
    let replies = looks.iter().chain([&end]).map(|look| Reply::json(200, look));
    fake.on(&format!("GET /detection/jobs/{}", job_id(1)), replies);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["jobs", "watch", &job_id(1), "-o", "json"]).expect_code(0);
    assert_eq!(run.json(), end);
    let told: Vec<_> = run.stderr.lines().collect();
    assert_eq!(told.len(), 3, "{}", run.stderr);
    assert!(told[2].ends_with("processing, 3 of 4"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 5);
}

/// K6: a job that ended without a result ends the watch with a failure that says why; the others are told.
#[test]
fn a_failed_job_fails_the_watch() {
    let fake = Fake::start();
    let why = json!({ "problem": { "type": "/errors/no-face", "title": "No face", "code": "no-face" } });
    fake.on(
        &format!("GET /detection/jobs/{}", job_id(1)),
        [Reply::json(200, &with(job(1, "failed", 0), why))],
    );
    fake.on(&format!("GET /detection/jobs/{}", job_id(2)), [Reply::json(200, &job(2, "completed", 4))]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["jobs", "watch", &job_id(1)]).expect_code(1);
    assert!(run.stderr.contains("No face"), "{}", run.stderr);
    let run = home.run(&fake, &["jobs", "watch", &job_id(1), &job_id(2)]).expect_code(7);
    assert!(run.stdout.contains(&format!("{}: completed", job_id(2))), "{}", run.stdout);
}

/// K6: jobs are called off and queued again where they live; where one stands afterwards is told.
#[test]
fn jobs_are_cancelled_and_retried() {
    let fake = Fake::start();
    fake.on(
        &format!("POST /detection/jobs/{}/cancel", job_id(1)),
        [Reply::json(200, &with(job(1, "processing", 1), json!({ "phase": "cancelling" })))],
    );
    fake.on(&format!("POST /detection/jobs/{}/retry", job_id(2)), [Reply::json(200, &job(2, "queued", 0))]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["jobs", "cancel", &job_id(1)]).expect_code(0);
    assert_eq!(run.stdout, format!("{}: processing (cancelling), 1 of 4\n", job_id(1)));
    let run = home.run(&fake, &["jobs", "retry", &job_id(2)]).expect_code(0);
    assert_eq!(run.stdout, format!("{}: queued, 0 of 4\n", job_id(2)));
    home.run(&fake, &["jobs", "retry", "det_1"]).expect_code(2);
    let run = home.run(&fake, &["jobs", "show", &job_id(3)]).expect_code(4);
    assert!(run.stderr.contains("There is no such thing"), "{}", run.stderr);
}
