//! Pictures that are uploaded by themselves.

use std::{io::Cursor, time::Duration};

use exif::{Field, In, Tag, Value as ExifValue, experimental::Writer};
use futures::future::join_all;
use serde_json::{Value, json};

use prosopa_contract::engine::{EngineError, ImageFormat};
use prosopa_model::AccountId;
use prosopa_testkit::analysis_of;

use crate::support::Detection;

const LIST: &str = "/api/v1/images";

async fn ids(detection: &Detection, account: AccountId, query: &str) -> Vec<String> {
    let page = detection.get(account, &format!("{LIST}{query}")).await;
    assert_eq!(page.status, 200, "{query}: {}", page.json());
    let page = page.json();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// A JPEG's beginning whose Exif says when and where it was taken.
fn photo() -> Vec<u8> {
    let ascii = |tag, text: &str| Field {
        tag,
        ifd_num: In::PRIMARY,
        value: ExifValue::Ascii(vec![text.as_bytes().to_vec()]),
    };
    let fields = [
        ascii(Tag::Model, "One"),
        ascii(Tag::DateTimeOriginal, "2026:01:31 12:00:05"),
        ascii(Tag::GPSLatitudeRef, "N"),
    ];
    let (mut writer, mut tiff) = (Writer::new(), Cursor::new(Vec::new()));
    fields.iter().for_each(|field| writer.push_field(field));
    writer.write(&mut tiff, false).unwrap();
    let content = [b"Exif\0\0".as_slice(), &tiff.into_inner()].concat();
    let len = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [b"\xff\xd8\xff\xe1".as_slice(), &len, &content, b"\xff\xd9"].concat()
}

/// K3: what is sent is described, and given back as it was described, with its bytes.
#[tokio::test]
async fn an_upload_is_kept_with_what_is_said_of_it() {
    let detection = Detection::with(|request| {
        assert!(request.decode_only, "nobody looks for faces");
        Ok(analysis_of(ImageFormat::Jpeg, 0))
    })
    .await;
    let account = AccountId::new();
    let fields = [
        ("type", "passport"),
        ("subject_id", "patient-7"),
        ("metadata", r#"{"case":"A-17","tags":["x"]}"#),
        ("consent_id", "consent 4"),
        ("delete_at", "2027-01-31T13:00:00+01:00"),
        ("exif", "camera,taken_at"),
    ];
    let made = detection.upload(account, &fields, &photo()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let image = made.json();
    let path = format!("{LIST}/{}", image["id"].as_str().unwrap());
    assert_eq!(made.headers["location"], path.as_str());
    let sizes = (&image["width"], &image["height"], &image["format"], &image["type"]);
    assert_eq!(sizes, (&json!(200), &json!(100), &json!("jpeg"), &json!("passport")));
    assert_eq!(image["metadata"], json!({ "case": "A-17", "tags": ["x"] }));
    assert_eq!(
        (&image["consent_id"], &image["delete_at"]),
        (&json!("consent 4"), &json!("2027-01-31T12:00:00.000000Z"))
    );
    assert_eq!(image["capture"], json!({ "camera": "One", "taken_at": "2026-01-31T12:00:05" }));
    assert_eq!(image["created_at"], "2026-01-31T12:00:00.000000Z");
    let content = detection.get(account, &format!("{path}/content")).await;
    assert_eq!(content.body, b"\xff\xd8\xff\xd9", "without what the camera wrote");
    assert_eq!(image["bytes"], 4);
    assert_eq!(detection.get(account, &path).await.json(), image);
    let listed = detection.get(account, LIST).await.json()["items"][0].clone();
    assert_eq!((&listed["id"], &listed["subject"]), (&image["id"], &image["subject"]));
    for hidden in ["metadata", "consent_id", "capture"] {
        assert!(listed.get(hidden).is_none(), "{hidden}");
    }
    for text in ["A-17", "consent 4", "patient-7", "2026-01-31T12:00:05"] {
        assert!(!detection.test.home.holds_anywhere(text.as_bytes()).await, "{text} lies open");
    }
    assert!(detection.charges().await.is_empty(), "keeping a picture is no detection");
}

/// K3: the same bytes for the same person are one picture, which stays as it was first described.
#[tokio::test]
async fn the_same_bytes_are_stored_once() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let named = [("subject_id", "patient-7"), ("type", "id_front")];
    let first = detection.upload(account, &named, b"a picture").await;
    let again =
        detection.upload(account, &[("subject_id", "patient-7"), ("type", "id_back")], b"a picture").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(again.json(), first.json());
    let unnamed = detection.keep(account, &[], b"a picture").await;
    assert_eq!(detection.upload(account, &[], b"a picture").await.json()["id"], unnamed.as_str());
    let others = [
        detection.keep(account, &[("subject_id", "patient-8")], b"a picture").await,
        detection.keep(account, &[("subject_id", "patient-7")], b"another picture").await,
        detection.keep(AccountId::new(), &named, b"a picture").await,
    ];
    assert!(others.iter().all(|id| first.json()["id"] != id.as_str() && unnamed != *id));
    assert_eq!(detection.pictures().await, 5);
    assert_eq!(detection.count_keys().await, 4, "none for what was not kept");
    assert_eq!(detection.delete(account, &format!("{LIST}/{unnamed}")).await.status, 204);
    assert_ne!(detection.keep(account, &[], b"a picture").await, unnamed, "deleted, it is kept anew");
}

/// K3, F10: of uploads that race with the same picture one keeps it, and nothing is left of the others.
#[tokio::test]
async fn racing_uploads_keep_one_picture() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let sent = join_all((0..8).map(|_| detection.upload(account, &[], b"a picture"))).await;
    let made = sent.iter().filter(|received| received.status == 201).count();
    assert_eq!(made, 1);
    assert!(sent.iter().all(|received| [200, 201].contains(&received.status.as_u16())));
    assert_eq!(ids(&detection, account, "").await.len(), 1);
    assert_eq!((detection.pictures().await, detection.count_keys().await), (1, 1));
}

/// K3: a picture that cannot be decoded is not kept.
#[tokio::test]
async fn what_cannot_be_decoded_is_not_kept() {
    let detection =
        Detection::with(|_| Err(EngineError::UndecodableImage { detail: "it is torn".into() })).await;
    let account = AccountId::new();
    let refused = detection.upload(account, &[], b"a picture").await;
    assert_eq!(refused.refusal(), (422, "image-undecodable".into()));
    assert_eq!((ids(&detection, account, "").await.len(), detection.pictures().await), (0, 0));
    assert_eq!(detection.count_keys().await, 0);
}

/// K3, N9: sent again with its key, an upload is answered as it was the first time.
#[tokio::test]
async fn an_upload_may_be_sent_again() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let fields = [("metadata", r#"{"n":1}"#)];
    let first = detection.upload_keyed(account, Some("k1"), &fields, b"a picture").await;
    let again = detection.upload_keyed(account, Some("k1"), &fields, b"a picture").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.json(), first.json());
    for _ in 0..2 {
        let known = detection.upload_keyed(account, Some("k2"), &[], b"a picture").await;
        assert_eq!((known.status.as_u16(), &known.json()["id"]), (200, &first.json()["id"]));
    }
    let other = detection.upload_keyed(account, Some("k1"), &[("metadata", "{}")], b"a picture").await;
    assert_eq!(other.refusal(), (422, "idempotency-key-reused".into()));
}

/// K3: a list is narrowed by type, person and time, page by page.
#[tokio::test]
async fn pictures_are_listed_by_type_person_and_time() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let front = detection.keep(account, &[("type", "id_front"), ("subject_id", "patient-7")], b"1").await;
    detection.test.clock.advance(Duration::from_secs(86_400));
    let back = detection.keep(account, &[("type", "id_back"), ("subject_id", "patient-7")], b"2").await;
    let other = detection.keep(account, &[("type", "id_back")], b"3").await;
    detection.keep(AccountId::new(), &[("type", "id_back"), ("subject_id", "patient-7")], b"2").await;
    let subject = detection.get(account, &format!("{LIST}/{front}")).await.json()["subject"].clone();
    let by_subject = format!("?subject_id={}", subject.as_str().unwrap());
    let cases: [(&str, &[&String]); 8] = [
        ("", &[&other, &back, &front]),
        ("?type=id_back", &[&other, &back]),
        ("?type=passport", &[]),
        ("?subject_id=patient-7", &[&back, &front]),
        (&by_subject, &[&back, &front]),
        ("?subject_id=patient-8", &[]),
        ("?subject_id=patient-7&type=id_front", &[&front]),
        ("?end_date=2026-01-31", &[&front]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(&detection, account, query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let first = detection.get(account, &format!("{LIST}?type=id_back&limit=1")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(ids(&detection, account, &format!("?type=id_back&limit=1&cursor={cursor}")).await, [back]);
    for (query, pointer) in
        [("type=selfie", "?type"), ("subject_id=", "?subject_id"), ("colour=red", "?colour")]
    {
        let refused = detection.get(account, &format!("{LIST}?{query}")).await;
        assert_eq!(refused.refusal(), (422, "validation-failed".into()), "{query}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}

/// K3: nobody else's: a foreign id, one that does not exist and one that is none answer exactly alike.
#[tokio::test]
async fn foreign_pictures_answer_like_absent_ones() {
    let detection = Detection::start().await;
    let owner = AccountId::new();
    let id = detection.keep(owner, &[], b"a picture").await;
    let stranger = AccountId::new();
    let absent = "img_01h455vb4pex5vsknk084sn02q";
    let expected = detection.get(stranger, &format!("{LIST}/{absent}")).await;
    assert_eq!(expected.refusal(), (404, "not-found".into()));
    for id in [id.as_str(), absent, "1"] {
        let path = format!("{LIST}/{id}");
        assert_eq!(detection.get(stranger, &path).await.body, expected.body, "{id}");
        assert_eq!(detection.delete(stranger, &path).await.body, expected.body, "{id}");
        assert_eq!(detection.get(stranger, &format!("{path}/content")).await.body, expected.body, "{id}");
        assert_eq!(detection.detect_in(stranger, id).await.body, expected.body, "{id}");
    }
    assert_eq!(detection.get(owner, &format!("{LIST}/{id}")).await.status, 200);
}

/// N7: with an erased person the pictures go that nobody has looked at, and the same bytes are another picture then.
#[tokio::test]
async fn pictures_of_an_erased_person_are_gone() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let fields = [("subject_id", "patient-7"), ("metadata", r#"{"case":"A-17"}"#)];
    let id = detection.keep(account, &fields, b"a picture").await;
    let unnamed = detection.upload(account, &[], b"a picture").await.json();
    for subject in
        [&detection.get(account, &format!("{LIST}/{id}")).await.json()["subject"], &unnamed["subject"]]
    {
        let path = format!("/api/v1/faces/subjects/{}", subject.as_str().unwrap());
        assert_eq!(detection.delete(account, &path).await.status, 202);
    }
    let paths = [format!("{LIST}/{id}"), format!("{LIST}/{}", unnamed["id"].as_str().unwrap())];
    for path in &paths {
        assert_eq!(detection.get(account, path).await.status, 404);
        assert_eq!(detection.get(account, &format!("{path}/content")).await.status, 404);
    }
    assert_ne!(detection.keep(account, &fields, b"a picture").await, id);
    assert_ne!(unnamed["id"], Value::from(detection.keep(account, &[], b"a picture").await));
    assert_eq!(detection.work().await, 2);
    assert_eq!((ids(&detection, account, "").await.len(), detection.pictures().await), (2, 2));
}
