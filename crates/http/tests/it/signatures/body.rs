//! Bodies that must have a digest.

use axum::{BoxError, body::Body};
use bytes::Bytes;
use futures::{executor::block_on, stream};
use http::HeaderMap;
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};

use prosopa_http::signatures::{ContentDigest, ContentDigestBody, DigestMismatch};

/// What a reader gets: the chunks before the end or the error.
fn read(
    frames: Vec<Result<Frame<Bytes>, BoxError>>,
    expected: ContentDigest,
) -> (Vec<String>, Result<(), BoxError>) {
    block_on(async {
        let mut body = ContentDigestBody::new(StreamBody::new(stream::iter(frames)), expected);
        let mut chunks = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => chunks.push(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()),
                Err(error) => {
                    assert!(body.frame().await.is_none(), "nothing comes after the error");
                    return (chunks, Err(error));
                }
            }
        }
        assert!(body.is_end_stream());
        (chunks, Ok(()))
    })
}

fn data(chunks: &[&'static str]) -> Vec<Result<Frame<Bytes>, BoxError>> {
    chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes())))).collect()
}

#[track_caller]
fn assert_mismatch(frames: Vec<Result<Frame<Bytes>, BoxError>>, digest: ContentDigest, seen: &[&str]) {
    let (chunks, end) = read(frames, digest);
    assert_eq!(chunks, seen);
    assert!(end.unwrap_err().is::<DigestMismatch>());
}

/// K2: the content comes through as it was sent.
#[test]
fn a_right_body_comes_through() {
    let digest = ContentDigest::of(b"onetwothree");
    for chunks in [vec!["one", "two", "three"], vec!["onetwothree"], vec!["", "one", "", "twothree", ""]] {
        let (seen, end) = read(data(&chunks), digest);
        end.unwrap();
        assert_eq!(seen, chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect::<Vec<_>>());
    }
    let (seen, end) = read(data(&[]), ContentDigest::of(b""));
    end.unwrap();
    assert!(seen.is_empty());
}

/// K2: of a wrong body the last chunk never comes, so that nobody takes it for whole.
#[test]
fn a_wrong_body_never_ends_well() {
    let digest = ContentDigest::of(b"onetwothree");
    assert_mismatch(data(&["one", "two", "thre3"]), digest, &["one", "two"]);
    assert_mismatch(data(&["onetwothreE"]), digest, &[]);
    assert_mismatch(data(&["one", "two"]), digest, &["one"]);
    assert_mismatch(data(&["onetwothree", "!"]), digest, &["onetwothree"]);
    assert_mismatch(data(&["two", "one", "three"]), digest, &["two", "one"]);
}

/// K2: an empty body is checked like any other, though it looks as if it had ended.
#[test]
fn a_missing_body_is_refused() {
    let digest = ContentDigest::of(b"something");
    assert_mismatch(data(&[]), digest, &[]);
    assert_mismatch(data(&["", ""]), digest, &[]);
    let body = Body::new(ContentDigestBody::new(Empty::new(), digest));
    assert!(!body.is_end_stream());
    let error = block_on(axum::body::to_bytes(body, 1024)).unwrap_err();
    assert!(DigestMismatch::is_cause_of(&error));
    assert_mismatch(data(&["something"]), ContentDigest::of(b""), &[]);
}

/// K2: trailers do not open a way around the digest, and do not come through.
#[test]
fn trailers_end_the_body() {
    let with_trailers = |chunks: &[&'static str]| {
        let mut frames = data(chunks);
        frames.push(Ok(Frame::trailers(HeaderMap::new())));
        frames.extend(data(&["behind"]));
        frames
    };
    let digest = ContentDigest::of(b"onetwo");
    let (seen, end) = read(with_trailers(&["one", "two"]), digest);
    end.unwrap();
    assert_eq!(seen, ["one", "two"]);
    assert_mismatch(with_trailers(&["one", "twO"]), digest, &["one"]);
    assert_mismatch(with_trailers(&[]), digest, &[]);
}

/// K2: a body that breaks off is no mismatch, and its held chunk is gone too.
#[test]
fn a_broken_body_stays_broken() {
    let mut frames = data(&["one", "two"]);
    frames.push(Err("broken off".into()));
    let (seen, end) = read(frames, ContentDigest::of(b"onetwo"));
    assert_eq!(seen, ["one"]);
    let error = end.unwrap_err();
    assert_eq!(error.to_string(), "broken off");
    assert!(!DigestMismatch::is_cause_of(error.as_ref()));
}

/// K2: the cause is found however often readers wrap it; the length that is told stays right.
#[test]
fn readers_see_the_cause_and_the_length() {
    let full = || Full::new(Bytes::from_static(b"onetwo"));
    let wrong = Body::new(ContentDigestBody::new(full(), ContentDigest::of(b"other")));
    let wrapped = Body::new(Body::from_stream(wrong.into_data_stream()));
    let error = block_on(axum::body::to_bytes(wrapped, 1024)).unwrap_err();
    assert!(DigestMismatch::is_cause_of(&error));

    let mut chunks = ContentDigestBody::new(
        StreamBody::new(stream::iter(data(&["one", "two"]))),
        ContentDigest::of(b"onetwo"),
    );
    assert_eq!(ContentDigestBody::new(full(), ContentDigest::of(b"onetwo")).size_hint().exact(), Some(6));
    block_on(async {
        assert_eq!(chunks.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
        assert_eq!(chunks.size_hint().lower(), 3);
        assert_eq!(chunks.frame().await.unwrap().unwrap().into_data().unwrap(), "two");
        assert_eq!(chunks.size_hint().exact(), Some(0));
    });
}
