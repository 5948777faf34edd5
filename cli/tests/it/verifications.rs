//! `verify` and `verifications`.

use serde_json::{Value, json};

use crate::binary::Home;
use crate::documents::{ID as DOCUMENT, document};
use crate::fake::{Fake, Reply};
use crate::pictures::{jpeg, png};

const VERIFY: &str = "POST /verifications";
const ID: &str = "ver_01jd0000000000000000000000";
const SELFIE: &str = "img_01jd0000000000000000000007";

fn verification(decision: &str, reasons: &[&str]) -> Value {
    let face = json!({ "box": { "x": 1.5, "y": 2.5, "width": 30.5, "height": 36.5 }, "confidence": 0.99,
        "quality": { "sharpness": 1.5, "brightness": 0.5, "face_px": 30.5 } });
    let (mut selfie, mut portrait) = (face.clone(), face);
    selfie["id"] = SELFIE.into();
    portrait["side"] = "front".into();
    json!({
        "id": ID, "created_at": "2026-01-02T03:04:05Z", "decision": decision, "reasons": reasons,
        "document": document("invalid", &["document_expired"]),
        "match": { "decision": "match", "score": 99.25, "distance": 0.3125, "fmr_at_score_max": 0.0125, "max_fmr": 0.02 },
        "quality": { "selfie": selfie, "portrait": portrait }, "liveness": "not_checked", "model_digest": "0a",
    })
}

fn made(decision: &str, reasons: &[&str]) -> Reply {
    Reply::json(201, &verification(decision, reasons))
}

/// K5: a document that was read and a kept selfie are named in JSON; the parts and the reasons are told.
#[test]
fn parts_and_reasons_are_told() {
    let fake = Fake::start();
    fake.on(VERIFY, [made("review", &["document_inconclusive", "selfie_blurred"])]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["verify", DOCUMENT, SELFIE, "--max-fmr", "0.05"]).expect_code(9);
    let expected = json!({ "document": DOCUMENT, "selfie": SELFIE, "max_fmr": 0.05 });
    assert_eq!(fake.requests(VERIFY)[0].json(), expected);
    for part in [
        "review",
        "cannot be told",
        "it has expired",
        "blurred",
        "99.2",
        "0.3125",
        "1.25 %",
        "2.00 %",
        "not checked",
        ID,
        SELFIE,
    ] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    assert_eq!(run.stderr, "", "a judgement is no failure");
    let json = home.run(&fake, &["verify", DOCUMENT, SELFIE, "-o", "json"]).expect_code(9).json();
    assert_eq!(json["document"]["reasons"], json!(["document_expired"]));
    assert_eq!((&json["liveness"], &json["model_digest"]), (&json!("not_checked"), &json!("0a")));
}

/// K5: files lie in a form, with both sides of a card.
#[test]
fn both_sides_and_the_selfie_are_sent() {
    let fake = Fake::start();
    fake.on(VERIFY, [made("accept", &[])]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("front.jpg", jpeg(20, 10));
    home.write("back.jpg", jpeg(30, 10));
    home.write("selfie.png", png(20, 10));
    home.run(&fake, &["verify", "front.jpg", "selfie.png", "--back", "back.jpg"]).expect_code(0);
    let body = &fake.requests(VERIFY)[0].body;
    let holds = |needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    assert!(holds(&jpeg(20, 10)) && holds(&jpeg(30, 10)) && holds(&png(20, 10)));
    for name in ["document", "document_back", "selfie"] {
        assert!(holds(format!("name=\"{name}\"; filename").as_bytes()), "{name}");
    }
}

/// K5: the exit code tells scripts what came of it.
#[test]
fn the_exit_code_tells_the_decision() {
    for (decision, code) in [("accept", 0), ("reject", 8), ("review", 9)] {
        let fake = Fake::start();
        fake.on(VERIFY, [made(decision, &[])]);
        let home = Home::signed_in(&fake, "a", "r");
        home.run(&fake, &["verify", DOCUMENT, SELFIE]).expect_code(code);
    }
}

/// K5, F6: verifications are listed by time, shown again, and deleted after a question.
#[test]
fn verifications_are_looked_after() {
    let fake = Fake::start();
    let summary = json!({ "id": ID, "created_at": "2026-01-02T03:04:05Z", "document_id": DOCUMENT,
        "selfie_image_id": SELFIE });
    let path = format!("/verifications/{ID}");
    fake.on("GET /verifications", [Reply::json(200, &json!({ "items": [summary], "next_cursor": null }))]);
    fake.on(&format!("GET {path}"), [Reply::json(200, &verification("accept", &[]))]);
    fake.on(&format!("DELETE {path}"), [Reply::empty()]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["verifications", "list", "--end-date", "2026-01-31"]).expect_code(0);
    assert!(run.stdout.contains(ID) && run.stdout.contains(SELFIE), "{}", run.stdout);
    assert_eq!(fake.requests("GET /verifications")[0].query, "end_date=2026-01-31&limit=50");
    assert!(home.run(&fake, &["verifications", "show", ID]).expect_code(0).stdout.contains("accept"));
    home.run(&fake, &["verifications", "delete", ID]).expect_code(2);
    let run = home.run(&fake, &["verifications", "delete", "--yes", ID]).expect_code(0);
    assert_eq!(run.stdout, format!("deleted {ID}\n"));
}
