//! Every change of what is covered is refused.

use http::request::Parts;

use prosopa_http::signatures::{ContentDigest, SignatureError};

use super::support::{NOW_SECONDS, accept, signed, with, with_input};

const MISMATCH: Result<(), SignatureError> = Err(SignatureError::Mismatch);

fn with_uri(uri: &str) -> Parts {
    let mut parts = signed();
    parts.uri = uri.parse().unwrap();
    parts
}

/// K2: method.
#[test]
fn an_altered_method_is_refused() {
    for method in ["GET", "PUT", "post"] {
        let mut parts = signed();
        parts.method = method.parse().unwrap();
        assert_eq!(accept(&parts, NOW_SECONDS), MISMATCH, "{method}");
    }
}

/// K2: path, also where it would mean the same.
#[test]
fn an_altered_path_is_refused() {
    for path in
        ["/api/v1/face", "/api/v1/faces/", "/api/v1//faces", "/api/v1/fac%65s", "/", "/api/v1/./faces"]
    {
        assert_eq!(accept(&with_uri(&format!("{path}?limit=3&q=a%20b")), NOW_SECONDS), MISMATCH, "{path}");
    }
}

/// K2: query, also where it would mean the same.
#[test]
fn an_altered_query_is_refused() {
    for query in
        ["", "?", "?limit=4&q=a%20b", "?limit=3&q=a+b", "?q=a%20b&limit=3", "?limit=3&q=a%20b&", "?limit=3"]
    {
        assert_eq!(accept(&with_uri(&format!("/api/v1/faces{query}")), NOW_SECONDS), MISMATCH, "{query}");
    }
}

/// K2: host; case and the scheme's own port do not count.
#[test]
fn an_altered_host_is_refused() {
    for host in
        ["api.example.org", "example.com", "api.example.com:8080", "api.example.com.", "xapi.example.com"]
    {
        assert_eq!(accept(&with(signed(), "host", host), NOW_SECONDS), MISMATCH, "{host}");
    }
    assert_eq!(accept(&with(signed(), "host", "API.example.com:443"), NOW_SECONDS), Ok(()));
}

/// K2: digest; another digest of the same request would let another body through.
#[test]
fn an_altered_digest_is_refused() {
    let other = ContentDigest::of(b"another body").header_value();
    let mut parts = with(signed(), "content-digest", other.to_str().unwrap());
    assert_eq!(accept(&parts, NOW_SECONDS), MISMATCH);
    let first = signed().headers["content-digest"].clone();
    parts = signed();
    parts.headers.append("content-digest", first);
    assert_eq!(accept(&parts, NOW_SECONDS), Err(SignatureError::Malformed("content-digest")));
}

/// K2: every parameter of the signature.
#[test]
fn altered_parameters_are_refused() {
    let changes = [
        ("created=1800000000", "created=1800000001"),
        ("expires=1800000060", "expires=1800000061"),
        ("c2l4dGVlbiBieXRlcyBvaw==", "c2l4dGVlbiBieXRlcyBvaw=="),
        ("c2l4", "c2l5"),
        ("client-1", "client-2"),
        (";keyid", ";tag=\"prosopa\";keyid"),
        (";keyid", ";alg=\"hmac-sha256\";keyid"),
        ("\"@method\" \"@authority\"", "\"@authority\" \"@method\""),
        ("\"content-digest\"", "\"content-digest\" \"host\""),
        (";created=1800000000;expires=1800000060", ";expires=1800000060;created=1800000000"),
    ];
    for (from, to) in changes {
        let expected = if from == to { Ok(()) } else { MISMATCH };
        assert_eq!(accept(&with_input(signed(), from, to), NOW_SECONDS), expected, "{to}");
    }
}

/// K2: every byte of the signature, one less, one more, none.
#[test]
fn an_altered_signature_is_refused() {
    let text = signed().headers["signature"].to_str().unwrap().to_owned();
    let value = text.strip_prefix("sig1=:").unwrap().strip_suffix(':').unwrap();
    let right = super::support::base64(value);
    let encode = |bytes: &[u8]| {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        format!("sig1=:{}:", STANDARD.encode(bytes))
    };
    for at in 0..right.len() {
        let mut wrong = right.clone();
        wrong[at] ^= 1;
        assert_eq!(accept(&with(signed(), "signature", &encode(&wrong)), NOW_SECONDS), MISMATCH, "{at}");
    }
    for wrong in [&right[1..], &right[..31], &[right.as_slice(), &[0]].concat(), &[]] {
        assert_eq!(accept(&with(signed(), "signature", &encode(wrong)), NOW_SECONDS), MISMATCH);
    }
    assert_eq!(accept(&with(signed(), "signature", &encode(&right)), NOW_SECONDS), Ok(()));
}
