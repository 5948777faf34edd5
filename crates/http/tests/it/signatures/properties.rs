//! Rules that hold for every request, and for bytes that are none.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{executor::block_on, stream};
use http::{HeaderValue, request::Parts};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use proptest::prelude::*;

use prosopa_http::signatures::{ContentDigest, ContentDigestBody, Nonce, SignatureError, SignedRequest};

use super::support::{NOW_SECONDS, accept, at, head, signer, unsigned};

#[derive(Debug, Clone)]
struct Sample {
    method: String,
    path: String,
    query: Option<String>,
    host: String,
    body: Vec<u8>,
    nonce: [u8; 16],
}

impl Sample {
    fn signed(&self) -> Parts {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = head(&self.method, &format!("{}{query}", self.path), &[("host", &self.host)]);
        let nonce = Nonce::from_bytes(self.nonce);
        signer().sign(&mut parts, ContentDigest::of(&self.body), at(NOW_SECONDS), nonce).unwrap();
        parts
    }
}

prop_compose! {
    fn sample()(
        method in "[A-Z]{1,8}",
        path in "(/[a-zA-Z0-9._~%-]{0,8}){1,4}",
        query in proptest::option::of("[a-z0-9=&+%/?-]{0,24}"),
        host in "[a-z][a-z0-9-]{0,8}\\.example(:[1-9][0-9]{3})?",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        nonce in any::<[u8; 16]>(),
    ) -> Sample {
        Sample { method, path, query, host, body, nonce }
    }
}

/// Puts the signature of one request before another.
fn transplanted(from: &Parts, to: &Sample) -> Parts {
    let mut parts = to.signed();
    for name in ["signature", "signature-input"] {
        parts.headers.insert(name, from.headers[name].clone());
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// K2: what is signed verifies.
    #[test]
    fn what_is_signed_verifies(sample in sample()) {
        prop_assert_eq!(accept(&sample.signed(), NOW_SECONDS), Ok(()));
    }

    /// K2: a signature is that of one method, path, query, host and body alone.
    #[test]
    fn no_signature_is_that_of_another_request(sample in sample(), other in sample(), what in 0..5_usize) {
        let mut changed = sample.clone();
        match what {
            0 => changed.method = other.method,
            1 => changed.path = other.path,
            2 => changed.query = other.query,
            3 => changed.host = other.host,
            _ => changed.body = other.body,
        }
        // An empty query and none are the same (RFC 9421 section 2.2.7).
        let query = |sample: &Sample| sample.query.clone().unwrap_or_default();
        let is_same = (&changed.method, &changed.path, query(&changed), &changed.host, &changed.body)
            == (&sample.method, &sample.path, query(&sample), &sample.host, &sample.body);
        let expected = if is_same { Ok(()) } else { Err(SignatureError::Mismatch) };
        prop_assert_eq!(accept(&transplanted(&sample.signed(), &changed), NOW_SECONDS), expected);
    }

    /// K2: no other input goes with the signature: every changed character is refused somewhere.
    #[test]
    fn no_changed_input_is_accepted(sample in sample(), at in any::<prop::sample::Index>(), to in 0x20_u8..0x7f) {
        let mut parts = sample.signed();
        let mut input = parts.headers["signature-input"].as_bytes().to_vec();
        let at = at.index(input.len());
        prop_assume!(input[at] != to);
        input[at] = to;
        parts.headers.insert("signature-input", HeaderValue::from_bytes(&input).unwrap());
        prop_assert!(!matches!(SignedRequest::parse(&parts), Ok(None)));
        prop_assert!(accept(&parts, NOW_SECONDS).is_err());
    }

    /// K2: reading never panics, whatever the bytes are.
    #[test]
    fn arbitrary_headers_are_read_without_panic(
        input in proptest::collection::vec(any::<u8>(), 0..600),
        signature in proptest::collection::vec(any::<u8>(), 0..200),
        digest in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut parts = unsigned();
        for (name, value) in [("signature-input", input), ("signature", signature), ("content-digest", digest)] {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                parts.headers.insert(name, value);
            }
        }
        if let Ok(Some(request)) = SignedRequest::parse(&parts) {
            prop_assert!(accept(&parts, NOW_SECONDS).is_err(), "{request:?}");
        }
    }

    /// K2: nor does it for what looks much like a signature.
    #[test]
    fn almost_signatures_are_read_without_panic(
        components in "(\"?@?[a-z-]{0,14}\"?(;[a-z*]{1,4}(=[?]?[\"a-z0-9:@.-]{0,6})?){0,2} ?){0,18}",
        parameters in "(;(created|expires|keyid|nonce|alg|tag|x)(=(\"[ -~]{0,8}\"|-?[0-9]{1,16}|[?][01]|:[A-Za-z=]{0,8}:|[a-z]{1,3}))?){0,7}",
        host in "[ -~]{0,20}",
    ) {
        let mut parts = head("GET", "/a?b=1&c", &[("x", "a=1, b")]);
        parts.headers.insert("host", HeaderValue::try_from(host).unwrap());
        let input = format!("a=({components}){parameters}");
        parts.headers.insert("signature-input", HeaderValue::try_from(input).unwrap());
        parts.headers.insert("signature", HeaderValue::from_static("a=:AAAA:"));
        if let Ok(request) = SignedRequest::parse(&parts) {
            prop_assert!(request.unwrap().signature_base().is_ascii());
            prop_assert!(accept(&parts, NOW_SECONDS).is_err());
        }
    }

    /// K2: a body ends well if and only if it is the signed one, however it is cut.
    #[test]
    fn only_the_signed_body_ends_well(
        body in proptest::collection::vec(any::<u8>(), 0..64),
        other in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64)),
        chunk_len in 1..20_usize,
    ) {
        let sent = other.unwrap_or_else(|| body.clone());
        let frames: Vec<Result<_, axum::BoxError>> =
            sent.chunks(chunk_len).map(|chunk| Ok(Frame::data(bytes::Bytes::copy_from_slice(chunk)))).collect();
        let frames = StreamBody::new(stream::iter(frames));
        let read = block_on(ContentDigestBody::new(frames, ContentDigest::of(&body)).collect());
        match read {
            Ok(read) => {
                prop_assert_eq!(&sent, &body);
                prop_assert_eq!(read.to_bytes().to_vec(), body);
            }
            Err(_) => prop_assert_ne!(sent, body),
        }
    }

    /// K2: a digest that is written is read as the same.
    #[test]
    fn digests_are_read_as_they_are_written(bytes in any::<[u8; 32]>()) {
        let value = ContentDigest::from_bytes(bytes).header_value();
        let expected = format!("sha-256=:{}:", STANDARD.encode(bytes));
        prop_assert_eq!(value.to_str().unwrap(), expected);
    }
}
