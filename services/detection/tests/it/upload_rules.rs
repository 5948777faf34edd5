//! What an upload may say, and what is refused.

use prosopa_model::AccountId;

use crate::support::Detection;

/// K3: what is wrong with an upload is said where it is; nothing is kept.
#[tokio::test]
async fn what_is_wrong_with_an_upload_is_said() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let keys: Vec<String> = (0..21).map(|key| format!(r#""{key}":1"#)).collect();
    let (many, long) = (format!("{{{}}}", keys.join(",")), format!(r#"{{"a":"{}"}}"#, "x".repeat(4_096)));
    let (longest, name) = ("x".repeat(8_193), "x".repeat(201));
    let cases = [
        ("type", "selfie"),
        ("metadata", "[1]"),
        ("metadata", "{"),
        ("metadata", many.as_str()),
        ("metadata", long.as_str()),
        ("metadata", longest.as_str()),
        ("metadata", r#"{"a":{"b":{"c":{"d":1}}}}"#),
        ("consent_id", name.as_str()),
        ("subject_id", name.as_str()),
        ("subject_id", "a\tb"),
        ("delete_at", "soon"),
        ("delete_at", "2026-01-31T12:00:00Z"),
        ("exif", "taken_at,place"),
        ("colour", "red"),
    ];
    for (field, text) in cases {
        let refused = detection.upload(account, &[(field, text)], b"a picture").await;
        assert_eq!(refused.refusal(), (422, "validation-failed".into()), "{field}: {text:.40}");
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("/{field}"), "{field}: {text:.40}");
    }
    let twice = detection.upload(account, &[("type", "face"), ("type", "other")], b"a picture").await;
    assert_eq!(twice.json()["errors"][0]["detail"], "given more than once");
    let bare = detection.call(
        account,
        http::Request::post("/api/v1/images").header("content-type", "image/jpeg").body("x".into()).unwrap(),
    );
    assert_eq!(bare.await.refusal(), (415, "unsupported-media-type".into()));
    assert_eq!((detection.pictures().await, detection.count_keys().await), (0, 0));
}

/// K3: what is left empty, as browsers do, is not said.
#[tokio::test]
async fn empty_fields_are_no_fields() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let fields = ["type", "subject_id", "metadata", "consent_id", "delete_at", "exif"].map(|name| (name, ""));
    let made = detection.upload(account, &fields, b"a picture").await;
    assert_eq!((made.status.as_u16(), &made.json()["type"]), (201, &"other".into()));
    assert_eq!(made.json()["metadata"], serde_json::json!({}));
    assert_eq!(detection.upload(account, &[], b"a picture").await.status, 200);
}
