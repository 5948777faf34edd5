//! Forms, whose readers stop before the end of the body.

use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart},
};
use bytes::Bytes;
use futures::{StreamExt as _, channel::mpsc};
use http::Request;
use http_body::{Body as _, Frame};
use http_body_util::StreamBody;

use prosopa_http::signatures::{ContentDigest, ContentDigestBody, DigestMismatch, RestOfBody};

const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntrue\r\n--b--\r\n";

/// A body with these chunks, whose end comes when the sender is dropped.
fn body(chunks: Vec<String>, digest: ContentDigest) -> (Body, mpsc::Sender<Frame<Bytes>>) {
    let (mut sender, frames) = mpsc::channel(chunks.len());
    for chunk in chunks {
        sender.try_send(Frame::data(Bytes::from(chunk))).unwrap();
    }
    let frames = frames.map(Ok::<_, axum::BoxError>);
    (Body::new(ContentDigestBody::new(StreamBody::new(frames), digest)), sender)
}

/// The value of the only field.
async fn read_form(body: Body) -> String {
    let request = Request::builder().header("content-type", "multipart/form-data; boundary=b");
    let mut form = Multipart::from_request(request.body(body).unwrap(), &()).await.unwrap();
    let value = form.next_field().await.unwrap().unwrap().text().await.unwrap();
    assert!(form.next_field().await.unwrap().is_none());
    value
}

/// K2: an altered form with a chunk behind it, which is held back in its place, is found out by its rest.
#[tokio::test]
async fn the_rest_of_an_altered_form_is_refused() {
    let altered = || vec![FORM.replace("true", "false"), "behind".to_owned()];
    let digest = ContentDigest::of(FORM.as_bytes());
    let (alone, _end) = body(altered(), digest);
    assert_eq!(read_form(alone).await, "false", "the reader itself does not find out");

    let (whole, end) = body(altered(), digest);
    let (reading, rest) = RestOfBody::of(whole);
    assert_eq!(read_form(reading).await, "false");
    drop(end);
    assert!(DigestMismatch::is_cause_of(&rest.read().await.unwrap_err()));
}

/// K2: a right form is read, with whatever stands behind it, in any chunks.
#[tokio::test]
async fn the_rest_of_a_right_form_is_read() {
    let behind = format!("{FORM}behind");
    for chunk_len in [1, 7, 1000] {
        for form in [FORM, &behind] {
            let chunks: Vec<String> = form
                .as_bytes()
                .chunks(chunk_len)
                .map(|chunk| String::from_utf8(chunk.to_vec()).unwrap())
                .collect();
            let (whole, end) = body(chunks, ContentDigest::of(form.as_bytes()));
            drop(end);
            let (reading, rest) = RestOfBody::of(whole);
            assert_eq!(read_form(reading).await, "true");
            rest.read().await.unwrap();
        }
    }
}

/// K2: the reader sees the body as it is.
#[tokio::test]
async fn a_shared_body_tells_its_length() {
    let (reading, rest) = RestOfBody::of(Body::from("four"));
    assert_eq!(reading.size_hint().exact(), Some(4));
    assert!(!reading.is_end_stream());
    assert_eq!(axum::body::to_bytes(reading, 10).await.unwrap(), "four");
    rest.read().await.unwrap();
}
