//! `images upload|list|get|delete`.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::binary::Home;
use crate::fake::{Fake, Reply};
use crate::pictures::{image, jpeg, undecodable};

const UPLOAD: &str = "POST /images";

fn image_id(number: u32) -> String {
    format!("img_{number:026}")
}

fn stored(number: u32) -> Value {
    let mut stored = image(number);
    stored["type"] = "passport".into();
    stored["created_at"] = "2026-01-02T03:04:05Z".into();
    stored["subject"] = "sub_01jd0000000000000000000000".into();
    stored["metadata"] = json!({ "case": "A-17" });
    stored
}

/// A server that keeps what holds a JPEG's first bytes.
fn keeping() -> Fake {
    let fake = Fake::start();
    let number = AtomicU32::new(0);
    fake.handle(UPLOAD, move |request| {
        let is_picture = request.body.windows(3).any(|window| window == b"\xff\xd8\xff");
        let reply = if is_picture {
            Reply::json(201, &stored(number.fetch_add(1, Ordering::Relaxed) + 1))
        } else {
            undecodable()
        };
        async move { reply }
    });
    fake
}

/// K3: what the arguments say is in the form, beside the picture as it is in the file.
#[test]
fn an_upload_is_a_form_with_what_was_said() {
    let fake = keeping();
    let home = Home::signed_in(&fake, "a", "r");
    let picture = jpeg(9, 9);
    home.write("p.jpg", &picture);
    let arguments = [
        "images",
        "upload",
        "p.jpg",
        "--type",
        "id_front",
        "--subject",
        "patient 7",
        "--metadata",
        r#"{"case":"A-17"}"#,
        "--consent",
        "c4",
        "--delete-at",
        "2027-01-31T01:00:00+01:00",
        "--exif",
        "taken_at,camera",
        "-o",
        "json",
    ];
    let run = home.run(&fake, &arguments).expect_code(0);
    assert_eq!((&run.json()["id"], &run.json()["file"]), (&json!(image_id(1)), &json!("p.jpg")));
    assert_eq!(run.json()["metadata"], json!({ "case": "A-17" }));
    let request = &fake.requests(UPLOAD)[0];
    let boundary = request.header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = String::from_utf8_lossy(&request.body);
    let field = |name: &str, value: &str| {
        text.contains(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--{boundary}"
        ))
    };
    for (name, value) in [
        ("type", "id_front"),
        ("subject_id", "patient 7"),
        ("metadata", r#"{"case":"A-17"}"#),
        ("consent_id", "c4"),
        ("delete_at", "2027-01-31T00:00:00Z"),
        ("exif", "taken_at,camera"),
    ] {
        assert!(field(name, value), "{name}: {text}");
    }
    let end =
        [b"Content-Type: image/jpeg\r\n\r\n".as_slice(), &picture, b"\r\n--", boundary.as_bytes(), b"--\r\n"];
    assert!(request.body.ends_with(&end.concat()));
}

/// K3: of several pictures each is told of; one that is refused does not keep the others.
#[test]
fn several_pictures_are_sent_and_told_of() {
    let fake = keeping();
    let home = Home::signed_in(&fake, "a", "r");
    home.write("p/1.jpg", jpeg(9, 9));
    home.write("p/2.jpg", b"no picture");
    home.write("p/3.jpg", jpeg(9, 9));
    let arguments = ["images", "upload", "p", "-j", "1", "--progress", "plain", "-o", "json"];
    let run = home.run(&fake, &arguments).expect_code(7);
    let told: Vec<_> = run.json().as_array().unwrap().clone();
    assert_eq!((&told[0]["id"], &told[2]["id"]), (&json!(image_id(1)), &json!(image_id(2))));
    assert_eq!(told[1]["error"]["code"], "image-undecodable");
    for line in ["[1/3] p/1.jpg: kept", "[2/3] p/2.jpg: failed (image-undecodable)", "[3/3] p/3.jpg: kept"] {
        assert!(run.stderr.contains(line), "{}", run.stderr);
    }
    let table = home.run(&fake, &["images", "upload", "p"]).expect_code(7);
    assert!(table.stdout.contains("failed: image-undecodable"), "{}", table.stdout);
}

/// K3: a list is narrowed and followed to its end.
#[test]
fn pictures_are_listed() {
    let fake = Fake::start();
    fake.handle("GET /images", |request| {
        let is_second = request.query.contains("cursor=next");
        let page = if is_second {
            json!({ "items": [stored(3)], "next_cursor": null })
        } else {
            json!({ "items": [stored(1), stored(2)], "next_cursor": "next" })
        };
        async move { Reply::json(200, &page) }
    });
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["images", "list", "--all", "-o", "ndjson"]).expect_code(0);
    assert_eq!(run.ndjson(), [stored(1), stored(2), stored(3)]);
    let arguments = ["images", "list", "--type", "passport", "--subject", "patient-7", "--limit", "1"];
    let run = home.run(&fake, &arguments).expect_code(0);
    let query = &fake.requests("GET /images")[2].query;
    assert_eq!(query, "type=passport&subject_id=patient-7&limit=1");
    assert!(run.stdout.contains(&image_id(1)) && !run.stdout.contains(&image_id(2)), "{}", run.stdout);
    assert!(run.stderr.contains("--all"), "{}", run.stderr);
}

/// K3: a picture is shown, and saved where nothing is yet.
#[test]
fn a_picture_is_shown_and_saved() {
    let fake = Fake::start();
    fake.on(&format!("GET /images/{}", image_id(7)), [Reply::json(200, &stored(7))]);
    fake.on(&format!("GET /images/{}/content", image_id(7)), [Reply::raw(200, "image/jpeg", "the bytes")]);
    let home = Home::signed_in(&fake, "a", "r");
    let run = home.run(&fake, &["images", "get", &image_id(7)]).expect_code(0);
    assert!(run.stdout.contains("200 × 100") && run.stdout.contains(r#"{"case":"A-17"}"#), "{}", run.stdout);
    let save = ["images", "get", &image_id(7), "--save", "out.jpg"];
    home.run(&fake, &save).expect_code(0);
    assert_eq!(std::fs::read(home.path().join("out.jpg")).unwrap(), b"the bytes");
    let again = home.run(&fake, &save).expect_code(1);
    assert!(again.stderr.contains("out.jpg: cannot be written"), "{}", again.stderr);
}

/// K3: pictures are deleted after a question.
#[test]
fn pictures_are_deleted() {
    let fake = Fake::start();
    fake.on(&format!("DELETE /images/{}", image_id(1)), [Reply::empty()]);
    let home = Home::signed_in(&fake, "a", "r");
    home.run(&fake, &["images", "delete", &image_id(1)]).expect_code(2);
    assert_eq!(fake.request_count(), 0);
    let run = home.run(&fake, &["images", "delete", "--yes", &image_id(1), &image_id(2)]).expect_code(7);
    assert_eq!(run.stdout, format!("deleted {}\n", image_id(1)));
    let run = home.run(&fake, &["images", "delete", "--yes", "det_1"]).expect_code(2);
    assert!(run.stderr.contains("an id here is `img_`"), "{}", run.stderr);
}
