//! `results list|show|delete`.

use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};
use crate::pictures::{detection, detection_id, image};

fn summary(number: u32) -> Value {
    json!({ "id": detection_id(number), "created_at": "2026-01-02T03:04:05Z", "image": image(number), "face_count": number })
}

/// A list of pages, `cursor` being the number of the page.
fn pages(fake: &Fake, pages: Vec<Vec<Value>>) {
    fake.handle("GET /faces/detections", move |request| {
        let number = request
            .query
            .split('&')
            .find_map(|part| part.strip_prefix("cursor="))
            .map_or(0, |text| text.parse().unwrap());
        let next = if number + 1 < pages.len() { Value::from((number + 1).to_string()) } else { Value::Null };
        let page = json!({ "items": pages[number], "next_cursor": next });
        async move { Reply::json(200, &page) }
    });
}

/// F6: the times are passed on, the default limit is asked for, and that there are more is told.
#[test]
fn list_narrows_by_time_and_tells_of_more() {
    let fake = Fake::start();
    pages(&fake, vec![(1..=50).map(summary).collect(), vec![summary(51)]]);
    let home = Home::signed_in(&fake, "a", "r");
    let arguments =
        ["results", "list", "--start-date", "2026-01-01", "--end-date", "2026-01-31T12:00:00+01:00"];
    let run = home.run(&fake, &arguments).expect_code(0);
    let query = &fake.requests("GET /faces/detections")[0].query;
    assert_eq!(query, "start_date=2026-01-01&end_date=2026-01-31T12%3A00%3A00%2B01%3A00&limit=50");
    assert_eq!(run.stdout.lines().filter(|line| line.contains("det_")).count(), 50);
    assert!(run.stderr.contains("--all"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 1);
}

/// F6: `--all` follows every page, and `--limit` cuts in the middle of one.
#[test]
fn all_pages_are_followed_and_a_limit_cuts() {
    let fake = Fake::start();
    pages(&fake, vec![vec![summary(1), summary(2)], vec![summary(3), summary(4)], vec![summary(5)]]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["results", "list", "--all", "-o", "ndjson"]).expect_code(0);
    assert_eq!(run.ndjson(), (1..=5).map(summary).collect::<Vec<_>>());
    let run = home.run(&fake, &["results", "list", "--limit", "3", "-o", "json"]).expect_code(0);
    assert_eq!(run.json(), Value::from((1..=3).map(summary).collect::<Vec<_>>()));
}

/// F6: a list without an end is noticed.
#[test]
fn page_that_leads_to_itself_ends_the_list() {
    let fake = Fake::start();
    fake.on(
        "GET /faces/detections",
        [Reply::json(200, &json!({ "items": [summary(1)], "next_cursor": "same" }))],
    );
    let home = Home::signed_in(&fake, "a", "r");
    home.run(&fake, &["results", "list", "--all"]).expect_code(1);
    assert_eq!(fake.request_count(), 2);
}

/// F6: a result is shown as people and as programs want it; members that this version does not know are kept.
#[test]
fn result_is_shown_whole() {
    let fake = Fake::start();
    fake.on(&format!("GET /faces/detections/{}", detection_id(7)), [Reply::json(200, &detection(7, 2))]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["results", "show", &detection_id(7)]).expect_code(0);
    assert!(run.stdout.contains(&detection_id(7)) && run.stdout.contains("99.9 %"), "{}", run.stdout);
    let shown = home.run(&fake, &["results", "show", &detection_id(7), "-o", "json"]).expect_code(0).json();
    assert_eq!(shown["timings"]["total_us"], 1234);
    assert_eq!(shown["faces"][1]["box_normalized"]["x"], 0.1);
    assert_eq!(shown["faces"][1]["landmarks68"][0], json!({ "x": 65.0, "y": 50.0 }));
}

/// F6: what is not there, or another's, ends with the code for refused input.
#[test]
fn unknown_result_ends_with_4() {
    let fake = Fake::start();
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["results", "show", &detection_id(7)]).expect_code(4);
    assert!(run.stderr.contains("There is no such thing"), "{}", run.stderr);
}

/// F6: several results are deleted; one that is missing is reported and the others go on.
#[test]
fn missing_result_does_not_keep_the_others_from_being_deleted() {
    let fake = Fake::start();
    for number in [1, 3] {
        fake.on(&format!("DELETE /faces/detections/{}", detection_id(number)), [Reply::empty()]);
    }
    let home = Home::signed_in(&fake, "a", "r");
    let ids = [1, 2, 3].map(detection_id);
    let arguments = ["results", "delete", "--yes", &ids[0], &ids[1], &ids[2]];
    let run = home.run(&fake, &arguments).expect_code(7);
    assert_eq!(run.stdout, format!("deleted {}\ndeleted {}\n", ids[0], ids[2]));
    assert!(run.stderr.contains(&ids[1]), "{}", run.stderr);
    home.run(&fake, &["results", "delete", &ids[0]]).expect_code(2);
    assert_eq!(fake.request_count(), 3);
}

/// N7: a person is erased after a question, by its id only.
#[test]
fn a_person_is_erased() {
    let fake = Fake::start();
    let id = "sub_01jd0000000000000000000000";
    let erase = format!("DELETE /faces/subjects/{id}");
    fake.on(
        &erase,
        [Reply::json(202, &json!({ "id": "job_01jd0000000000000000000000", "status": "queued" }))],
    );
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["subjects", "erase", "--yes", id]).expect_code(0);
    assert_eq!(
        (run.stdout.trim(), fake.requests(&erase).len()),
        ("erased sub_01jd0000000000000000000000", 1)
    );
    let run = home.run(&fake, &["subjects", "erase", "--yes", "patient-7"]).expect_code(2);
    assert!(run.stderr.contains("an id here is `sub_`"), "{}", run.stderr);
    assert_eq!(fake.request_count(), 1);
}
