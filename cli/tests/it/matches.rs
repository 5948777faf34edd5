//! `match`: two pictures, or one and several.

use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};
use crate::pictures::{jpeg, png};

const MATCH: &str = "POST /faces/matches";
const KEPT: &str = "img_01jd0000000000000000000000";

fn face(id: &str) -> Value {
    let bounds = json!({ "x": 1.0, "y": 2.0, "width": 30.0, "height": 36.0 });
    json!({ "id": id, "faces_found": 2, "face_index": 0, "box": bounds, "confidence": 0.99 })
}

fn made(decisions: &[&str]) -> Reply {
    let result = |decision: &&str| {
        json!({ "decision": decision, "score": 91.25, "distance": 0.4321, "fmr_at_score_max": 0.0125,
            "image_b": face("img_b") })
    };
    let results: Vec<Value> = decisions.iter().map(result).collect();
    let body = json!({ "id": "mat_01jd0000000000000000000000", "created_at": "2026-01-02T03:04:05Z", "max_fmr": 0.02,
        "image_a": face("img_a"), "results": results, "model_digest": "0a" });
    Reply::json(201, &body)
}

/// K4: kept pictures are named in JSON; the table tells decision, score, distance and what the rate does not exceed.
#[test]
fn kept_pictures_are_compared() {
    let fake = Fake::start();
    fake.on(MATCH, [made(&["match"])]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["match", KEPT, KEPT, "--max-fmr", "0.05", "--single"]).expect_code(0);
    let expected = json!({ "image_a": KEPT, "image_b": KEPT, "max_fmr": 0.05, "require_single_face": true });
    assert_eq!(fake.requests(MATCH)[0].json(), expected);
    for part in ["match", "91.2", "0.4321", "1.25 %", "2.00 %", "mat_01jd0000000000000000000000", KEPT] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    let json = home.run(&fake, &["match", KEPT, KEPT, "-o", "json"]).expect_code(0).json();
    assert_eq!((&json["results"][0]["score"], &json["model_digest"]), (&json!(91.25), &json!("0a")));
}

/// K4: files lie in a form, whole, with their types; ids beside them.
#[test]
fn files_are_sent_in_a_form() {
    let fake = Fake::start();
    fake.on(MATCH, [made(&["match", "match"])]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("selfie.jpg", jpeg(20, 10));
    home.write("passport.png", png(20, 10));
    home.run(&fake, &["match", "selfie.jpg", "passport.png", KEPT]).expect_code(0);
    let request = &fake.requests(MATCH)[0];
    let boundary = request.header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = &request.body;
    assert!(body.starts_with(format!("--{boundary}\r\n").as_bytes()));
    assert!(body.ends_with(format!("\r\n--{boundary}--\r\n").as_bytes()));
    let holds = |needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    assert!(holds(&jpeg(20, 10)) && holds(&png(20, 10)));
    for part in ["name=\"image_a\"; filename", "Content-Type: image/jpeg", "Content-Type: image/png", KEPT] {
        assert!(holds(part.as_bytes()), "{part}");
    }
    assert_eq!(String::from_utf8_lossy(body).matches("name=\"image_b\"").count(), 2);
}

/// K4: the exit code tells scripts what came of it.
#[test]
fn the_exit_code_tells_the_outcome() {
    for (decisions, code) in [
        (vec!["match", "match"], 0),
        (vec!["match", "no_match", "inconclusive"], 8),
        (vec!["inconclusive", "match"], 9),
    ] {
        let fake = Fake::start();
        fake.on(MATCH, [made(&decisions)]);
        let home = Home::signed_in(&fake, "a", "r");
        let run = home.run(&fake, &["match", KEPT, KEPT]).expect_code(code);
        assert_eq!(run.stderr, "", "an outcome is no failure");
    }
}

/// K4: what the server refuses is told with the picture's place; a file that is missing is not sent.
#[test]
fn what_is_wrong_is_told() {
    let fake = Fake::start();
    let errors =
        json!({ "errors": [{ "pointer": "/image_b", "detail": "there is no face in this picture" }] });
    fake.on(MATCH, [Reply::problem(422, "no-face", "There is no face in the picture", errors)]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["match", KEPT, KEPT]).expect_code(4);
    assert!(run.stderr.contains("/image_b"), "{}", run.stderr);
    let missing = home.run(&fake, &["match", KEPT, "nobody.jpg"]).expect_code(1);
    assert!(missing.stderr.contains("nobody.jpg"), "{}", missing.stderr);
    assert_eq!(fake.requests(MATCH).len(), 1);
}
