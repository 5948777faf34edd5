//! `document` and `documents`.

use image::Rgb;
use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};
use crate::pictures::{jpeg, png};

const READ: &str = "POST /documents";
pub(crate) const ID: &str = "doc_01jd0000000000000000000000";
const FRONT: &str = "img_01jd0000000000000000000000";
const BACK: &str = "img_01jd0000000000000000000001";

fn reading(value: &str, side: &str, x: f64) -> Value {
    let corner = |x: f64, y: f64| json!({ "x": x, "y": y });
    json!({ "value": value, "text": value, "confidence": 0.97, "side": side,
        "corners": [corner(x, 60.0), corner(x + 40.0, 60.0), corner(x + 40.0, 80.0), corner(x, 80.0)],
        "box": { "x": x, "y": 60.0, "width": 40.0, "height": 20.0 } })
}

fn zone_reading(value: &str, check: &str, is_repaired: bool) -> Value {
    let mut reading = reading(value, "back", 30.0);
    let more = json!({ "check": check, "is_repaired": is_repaired, "has_look_alike": false, "may_be_truncated": false });
    reading.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    reading
}

/// A card of which two fields were read, with that result.
pub(crate) fn document(result: &str, reasons: &[&str]) -> Value {
    json!({
        "id": ID, "created_at": "2026-01-02T03:04:05Z", "type": "td1",
        "sides": [
            { "side": "front", "image_id": FRONT, "width": 200, "height": 100, "rotation_degrees": 0 },
            { "side": "back", "image_id": BACK, "width": 200, "height": 100, "rotation_degrees": 0 },
        ],
        "fields": [
            { "name": "document_number", "value": "L898902C3", "confidence": 0.985, "comparison": "single",
                "mrz": zone_reading("L898902C3", "right", true) },
            { "name": "surname", "value": "ERIKSSON", "confidence": 0.5, "comparison": "differ",
                "mrz": zone_reading("ERIKSSON", "unprotected", false), "printed": reading("ERIKSON", "front", 120.0) },
        ],
        "mrz": { "side": "back", "lines": ["I<UTOL898902C3<<<", "ERIKSSON<<ANNA<<<"], "is_valid": true, "problems": [],
            "repairs": [{ "line": 0, "column": 8, "from": "O", "to": "0", "reason": "check_digit" }] },
        "portrait": { "side": "front", "box": { "x": 10.0, "y": 20.0, "width": 50.0, "height": 60.0 }, "confidence": 0.99,
            "quality": { "sharpness": 1.5, "brightness": 0.5, "face_px": 50.0 } },
        "result": result, "reasons": reasons, "text": [], "model_digest": "0a",
    })
}

fn read(result: &str, reasons: &[&str]) -> Reply {
    Reply::json(201, &document(result, reasons))
}

/// K5: kept pictures are named in JSON; the table tells each field, where it is from, and what is wrong in words.
#[test]
fn fields_and_reasons_are_told() {
    let fake = Fake::start();
    fake.on(READ, [read("invalid", &["document_expired", "sources_differ"])]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["document", FRONT, BACK]).expect_code(8);
    assert_eq!(fake.requests(READ)[0].json(), json!({ "front": FRONT, "back": BACK }));
    for part in [
        "document number",
        "L898902C3",
        "98.5 %",
        "right, repaired",
        "ERIKSSON (printed: ERIKSON)",
        "zone ≠ print",
        "ERIKSSON<<ANNA<<<",
        "line 1, place 9: O read as 0 (check digit)",
        "invalid",
        "it has expired",
        "what is printed differs",
        "TD1",
        ID,
        "front, 99.0 %",
    ] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    assert_eq!(run.stderr, "", "a judgement is no failure");
    let json = home.run(&fake, &["document", FRONT, "-o", "json"]).expect_code(8).json();
    assert_eq!(json, document("invalid", &["document_expired", "sources_differ"]), "nothing is lost");
    assert_eq!(fake.requests(READ)[1].json(), json!({ "front": FRONT }));
}

/// K5: the exit code tells scripts what came of it.
#[test]
fn the_exit_code_tells_the_result() {
    for (result, code) in [("valid", 0), ("invalid", 8), ("inconclusive", 9)] {
        let fake = Fake::start();
        fake.on(READ, [read(result, &[])]);
        let home = Home::signed_in(&fake, "a", "r");
        home.run(&fake, &["document", FRONT]).expect_code(code);
    }
}

/// K5: files and stdin lie in a form; stdin is one picture only.
#[test]
fn files_and_stdin_are_sent_in_a_form() {
    let fake = Fake::start();
    fake.on(READ, [read("valid", &[])]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("front.jpg", jpeg(20, 10));
    home.run_with_input(&fake, &["document", "front.jpg", "-"], &png(20, 10)).expect_code(0);
    let body = &fake.requests(READ)[0].body;
    let holds = |needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    assert!(holds(&jpeg(20, 10)) && holds(&png(20, 10)));
    assert!(holds(b"name=\"front\"; filename") && holds(b"name=\"back\"; filename"));
    home.run_with_input(&fake, &["document", "-", "-"], &png(20, 10)).expect_code(2);
    let missing = home.run(&fake, &["document", "img_nobody.jpg"]).expect_code(1);
    assert!(missing.stderr.contains("img_nobody.jpg"), "{}", missing.stderr);
    assert_eq!(fake.request_count(), 1);
}

/// K5: each picture is drawn on with what was read on its side; one that is kept is fetched for it.
#[test]
fn fields_and_portrait_are_drawn() {
    let fake = Fake::start();
    fake.on(READ, [read("valid", &[])]);
    fake.on(&format!("GET /images/{BACK}/content"), [Reply::raw(200, "image/png", png(200, 100))]);
    let home = Home::signed_in(&fake, "a", "r");
    home.write("card.png", png(200, 100));
    let arguments = ["document", "card.png", BACK, "--save-annotated", "out", "-o", "json"];
    let run = home.run(&fake, &arguments).expect_code(0);
    let back = format!("out/{BACK}.annotated.png");
    assert_eq!(run.json()["annotated"], json!(["out/card.annotated.png", back]));
    let pixel = |path: &str, x, y| *image::open(home.path().join(path)).unwrap().into_rgb8().get_pixel(x, y);
    let (drawn, plain) = (Rgb([0, 230, 118]), Rgb([128, 128, 128]));
    assert_eq!(pixel("out/card.annotated.png", 120, 75), drawn, "what is printed");
    assert_eq!(pixel("out/card.annotated.png", 10, 75), drawn, "the portrait");
    assert_eq!(pixel("out/card.annotated.png", 30, 75), plain, "the zone is on the back");
    assert_eq!((pixel(&back, 30, 75), pixel(&back, 120, 75)), (drawn, plain));
}

/// K5: what the server refuses is told with the picture's place.
#[test]
fn what_is_wrong_is_told() {
    let fake = Fake::start();
    let errors = json!({ "errors": [{ "pointer": "/back", "detail": "there is no such picture" }] });
    fake.on(READ, [Reply::problem(404, "not-found", "There is no such thing", errors)]);
    let home = Home::signed_in(&fake, "a", "r");
    let arguments = ["document", FRONT, BACK, "--progress", "plain"];
    let run = home.run(&fake, &arguments).expect_code(4);
    assert!(run.stderr.contains("/back") && run.stderr.contains("failed (not-found)"), "{}", run.stderr);
}

/// K5, F6: documents are listed by time, shown again, and deleted after a question.
#[test]
fn documents_are_looked_after() {
    let fake = Fake::start();
    let summary = json!({ "id": ID, "created_at": "2026-01-02T03:04:05Z", "front_image_id": FRONT, "sides": 2,
        "model_digest": "0a" });
    let path = format!("/documents/{ID}");
    fake.on("GET /documents", [Reply::json(200, &json!({ "items": [summary], "next_cursor": null }))]);
    fake.on(&format!("GET {path}"), [Reply::json(200, &document("valid", &[]))]);
    fake.on(&format!("DELETE {path}"), [Reply::empty()]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["documents", "list", "--start-date", "2026-01-01", "--limit", "5"]);
    assert!(run.expect_code(0).stdout.contains(ID));
    assert_eq!(fake.requests("GET /documents")[0].query, "start_date=2026-01-01&limit=5");
    let run = home.run(&fake, &["documents", "list", "-o", "ndjson"]).expect_code(0);
    assert_eq!(run.ndjson(), [summary]);
    assert!(home.run(&fake, &["documents", "show", ID]).expect_code(0).stdout.contains("ERIKSSON"));
    home.run(&fake, &["documents", "delete", ID]).expect_code(2);
    let run = home.run(&fake, &["documents", "delete", "--yes", ID]).expect_code(0);
    assert_eq!(run.stdout, format!("deleted {ID}\n"));
    home.run(&fake, &["documents", "show", FRONT]).expect_code(2);
}
