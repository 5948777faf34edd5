use axum::body::Body;
use http::Request;

use prosopa_contract::engine::{EngineError, IMAGE_BYTES_MAX, ImageFormat};
use prosopa_model::AccountId;
use prosopa_testkit::analysis_of;

use crate::support::Detection;

const FORM: &str = "multipart/form-data; boundary=B";

fn part(name: &str, media_type: &str) -> String {
    format!(
        "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\nContent-Type: {media_type}\r\n\r\nbytes\r\n"
    )
}

/// F4: the picture as a form's field or as the body itself.
#[tokio::test]
async fn form_and_bare_body_are_both_taken() {
    let detection = Detection::with(|request| {
        assert_eq!(request.image, "bytes");
        Ok(analysis_of(ImageFormat::Jpeg, 1))
    })
    .await;
    for media_type in ["image/jpeg", "Image/JPEG; charset=binary"] {
        let form = part("image", media_type) + "--B--\r\n";
        assert_eq!(detection.post(AccountId::new(), FORM, form).await.status, 201, "{media_type}");
    }
    for media_type in ["image/jpeg", "IMAGE/JPEG", "application/octet-stream"] {
        assert_eq!(detection.post(AccountId::new(), media_type, "bytes").await.status, 201, "{media_type}");
    }
}

/// F5: what is wrong with a form is said.
#[tokio::test]
async fn forms_that_are_not_right_are_refused() {
    let detection = Detection::start().await;
    let end = "--B--\r\n";
    let cases = [
        (part("picture", "image/jpeg") + end, 422, "/picture"),
        (part("image", "image/jpeg") + &part("image", "image/jpeg") + end, 422, "/image"),
        (end.to_owned(), 422, "/image"),
    ];
    for (form, status, pointer) in cases {
        let received = detection.post(AccountId::new(), FORM, form).await;
        assert_eq!(received.status.as_u16(), status);
        assert_eq!(received.json()["errors"][0]["pointer"], pointer);
    }
    let cut_short = detection.post(AccountId::new(), FORM, part("image", "image/jpeg")).await;
    assert_eq!(cut_short.refusal(), (400, "malformed-request".into()));
    let without_boundary = detection.post(AccountId::new(), "multipart/form-data", "x").await;
    assert_eq!(without_boundary.refusal(), (400, "malformed-request".into()));
}

/// F5: a type that is not read, and one that the bytes belie, are 415.
#[tokio::test]
async fn wrong_and_false_types_are_refused() {
    // Nothing of this is worth the engine's time.
    let detection = Detection::with(|_| panic!("the engine was asked")).await;
    let jpeg = b"\xff\xd8\xff and so on".as_slice();
    for media_type in ["text/plain", "image/gif", "image/png", "image/webp", "application/pdf"] {
        let received = detection.post(AccountId::new(), media_type, jpeg).await;
        assert_eq!(received.refusal(), (415, "unsupported-media-type".into()), "{media_type}");
    }
    let png = b"\x89PNG\r\n\x1a\n".as_slice();
    let received = detection.post(AccountId::new(), "image/jpeg", png).await;
    assert_eq!(received.json()["detail"], "the picture is png, declared was jpeg");
    let in_form = detection.post(AccountId::new(), FORM, part("image", "text/plain") + "--B--\r\n").await;
    assert_eq!(in_form.refusal(), (415, "unsupported-media-type".into()));
}

/// F5: the limit holds for bare bodies and forms, also where no gateway stands before the service.
#[tokio::test]
async fn more_than_20_mib_are_refused() {
    let detection = Detection::start().await;
    let large = vec![b'x'; IMAGE_BYTES_MAX + 128 * 1024];
    let received = detection.post(AccountId::new(), "image/jpeg", large.clone()).await;
    assert_eq!(received.refusal(), (413, "body-too-large".into()));
    let mut form = part("image", "image/jpeg").into_bytes();
    form.extend(large);
    let received = detection.post(AccountId::new(), FORM, form).await;
    assert_eq!(received.refusal(), (413, "body-too-large".into()));
}

/// F5: every reason of the engine has its own code.
#[tokio::test]
async fn refusals_of_the_engine_keep_their_reason() {
    let too_many = EngineError::TooManyPixels { width: 9000, height: 9000, pixels_max: 50_000_000 };
    let cases = [
        (EngineError::EmptyImage, 422, "image-empty"),
        (EngineError::UnsupportedFormat, 415, "unsupported-media-type"),
        (EngineError::UndecodableImage { detail: "cut".into() }, 422, "image-undecodable"),
        (EngineError::AnimatedImage, 422, "image-animated"),
        (EngineError::TooManyBytes { bytes_max: 5 }, 413, "body-too-large"),
        (too_many, 422, "image-too-large"),
        (EngineError::Overloaded { retry_after_ms: 1500 }, 503, "overloaded"),
        (EngineError::Unavailable { detail: "secret host".into() }, 503, "unavailable"),
        (EngineError::Internal { detail: "secret path".into() }, 500, "internal"),
    ];
    for (error, status, code) in cases {
        let scripted = error.clone();
        let detection = Detection::with(move |_| Err(scripted.clone())).await;
        let received = detection.post(AccountId::new(), "image/jpeg", "bytes").await;
        assert_eq!(received.refusal(), (status, code.to_owned()));
        assert!(!String::from_utf8_lossy(&received.body).contains("secret"), "{error}");
        if matches!(error, EngineError::Overloaded { .. }) {
            assert_eq!(received.headers["retry-after"], "2");
        }
    }
}

/// F5: parameters out of range are named.
#[tokio::test]
async fn parameters_out_of_range_are_refused() {
    let detection = Detection::start().await;
    for (query, pointer) in [
        ("min_face_px=11", "?min_face_px"),
        ("min_face_px=x", "?min_face_px"),
        ("max_faces=0", "?max_faces"),
        ("colour=1", "?colour"),
    ] {
        let request = Request::post(format!("/api/v1/faces/detections?{query}"));
        let request = request.header("content-type", "image/jpeg").body(Body::from("bytes")).unwrap();
        let received = detection.call(AccountId::new(), request).await;
        assert_eq!(received.refusal(), (422, "validation-failed".into()), "{query}");
        assert_eq!(received.json()["errors"][0]["pointer"], pointer, "{query}");
    }
}

/// F4: what the caller asks for reaches the engine.
#[tokio::test]
async fn parameters_reach_the_engine() {
    let detection = Detection::with(|request| {
        assert_eq!((request.min_face_px, request.max_faces), (Some(40), Some(3)));
        assert!(request.with_embeddings);
        Ok(analysis_of(ImageFormat::Jpeg, 0))
    })
    .await;
    let request = Request::post("/api/v1/faces/detections?min_face_px=40&max_faces=3");
    let request = request.header("content-type", "image/jpeg").body(Body::from("bytes")).unwrap();
    let received = detection.call(AccountId::new(), request).await;
    assert_eq!(received.status, 201);
    assert_eq!(received.json()["faces"], serde_json::json!([]));
}

/// F5: a form whose body breaks off behind its end is not taken for whole.
#[tokio::test]
async fn a_form_is_read_to_the_end_of_its_body() {
    let detection = Detection::start().await;
    let form = "--x\r\ncontent-disposition: form-data; name=\"image\"\r\n\r\na picture\r\n--x--\r\n";
    let broken = futures::stream::iter([Ok(form), Err(std::io::Error::other("it broke off"))]);
    let account = AccountId::new();
    let body = axum::body::Body::from_stream(broken);
    let received = detection.post(account, "multipart/form-data; boundary=x", body).await;
    assert_eq!(received.refusal(), (400, "malformed-request".into()));
    let list = detection.get(account, "/api/v1/faces/detections").await.json();
    assert_eq!(list["items"], serde_json::json!([]));
}
