//! Reading the headers: what is no signature, too much, or can be understood in two ways is refused.

use http::request::Parts;

use prosopa_http::signatures::{SignatureError, SignedRequest};

use super::support::{NOW_SECONDS, accept, at, head, read, shared_key, signed, with, with_input};

fn plain() -> Parts {
    head("GET", "/", &[("host", "a.example")])
}

fn error(input: &str) -> SignatureError {
    read(plain(), input).unwrap_err()
}

fn error_of(input: &str, signature: &str) -> SignatureError {
    let parts = with(with(plain(), "signature-input", input), "signature", signature);
    SignedRequest::parse(&parts).unwrap_err()
}

/// K2: a request without both headers is not signed; with one of them it is broken.
#[test]
fn both_headers_come_together() {
    assert!(SignedRequest::parse(&plain()).unwrap().is_none());
    for name in ["signature", "signature-input"] {
        let mut parts = signed();
        parts.headers.remove(name);
        assert_eq!(SignedRequest::parse(&parts).unwrap_err(), SignatureError::Incomplete, "{name}");
    }
}

/// K2: only structured fields of the right types are read.
#[test]
fn malformed_headers_are_refused() {
    let malformed = SignatureError::Malformed("signature-input");
    for input in [
        "",
        "a",
        "a=",
        "a=1",
        "a=(",
        "a=()x",
        "a=(\"x)",
        "a=(x)",
        "a=(1)",
        "a=();keyid=\"k\",",
        "a=();;",
        "=()",
        "A=()",
    ] {
        assert_eq!(error(input), malformed, "{input}");
    }
    let input = "a=();keyid=\"k\"";
    for signature in ["", "a", "a=1", "a=\"AAAA\"", "a=(:AAAA:)", "a=:A*:", "a=:AAAA", "a=:AAAA:,"] {
        assert_eq!(error_of(input, signature), SignatureError::Malformed("signature"), "{signature}");
    }
    let mut latin = signed();
    latin.headers.insert("signature-input", http::HeaderValue::from_bytes(b"a=(\"caf\xe9\")").unwrap());
    assert_eq!(SignedRequest::parse(&latin).unwrap_err(), malformed);
}

/// K2: parameters are known, of their types, and given once.
#[test]
fn parameters_are_strict() {
    let wrong = [
        "created=\"1\"",
        "created=1.0",
        "created=@1",
        "created",
        "expires=:AAAA:",
        "nonce=abc",
        "nonce=1",
        "alg=ed25519",
        "tag=1",
        "keyid=k",
        "x=1",
        "Created=1",
        "created=1;created=1",
        "nonce=\"a\";nonce=\"b\"",
        "keyid=\"j\"",
    ];
    for parameter in wrong {
        let error = error(&format!("a=();keyid=\"k\";{parameter}"));
        let is_refused =
            matches!(error, SignatureError::InvalidParameter | SignatureError::Malformed("signature-input"));
        assert!(is_refused, "{parameter}: {error}");
    }
    for input in ["a=()", "a=();keyid=\"\"", &format!("a=();keyid=\"{}\"", "k".repeat(129))] {
        assert_eq!(error(input), SignatureError::InvalidKeyId, "{input}");
    }
    let longest = format!("a=();keyid=\"{}\"", "k".repeat(128));
    assert_eq!(read(plain(), &longest).unwrap().unwrap().key_id(), "k".repeat(128));
}

/// K2: labels are the same in both headers, each once.
#[test]
fn labels_that_do_not_pair_are_refused() {
    let input = "a=();keyid=\"k\"";
    let two = "a=();keyid=\"k\";tag=\"prosopa\", b=();keyid=\"l\"";
    let differ = SignatureError::LabelsDiffer;
    assert_eq!(error_of(input, "b=:AAAA:"), differ);
    assert_eq!(error_of(input, "a=:AAAA:, b=:AAAA:"), differ);
    assert_eq!(error_of(input, "a=:AAAA:, a=:BBBB:"), differ);
    assert_eq!(error_of(two, "a=:AAAA:"), differ);
    assert_eq!(error_of(two, "a=:AAAA:, c=:AAAA:"), differ);
    assert_eq!(error_of("a=();keyid=\"k\", a=();keyid=\"l\"", "a=:AAAA:"), differ);
    let mut repeated = signed();
    let input = repeated.headers["signature-input"].clone();
    repeated.headers.append("signature-input", input);
    assert_eq!(SignedRequest::parse(&repeated).unwrap_err(), differ);
}

/// K2: the name of a label means nothing, and a signature under another's label does not count.
#[test]
fn labels_do_not_carry_trust() {
    let renamed = with_input(signed(), "sig1=", "other=");
    let signature = renamed.headers["signature"].to_str().unwrap().replace("sig1=", "other=");
    assert_eq!(accept(&with(renamed, "signature", &signature), NOW_SECONDS), Ok(()));

    // The right signature under the label of an input that covers nothing.
    let input = signed().headers["signature-input"].to_str().unwrap().to_owned();
    let signature = signed().headers["signature"].to_str().unwrap().to_owned();
    let confused = format!("{input}, b=();keyid=\"client-1\";tag=\"prosopa\"");
    let parts = with(signed(), "signature-input", &confused);
    let parts = with(parts, "signature", &format!("{}, b=:AAAA:", signature));
    let request = SignedRequest::parse(&parts).unwrap().unwrap();
    assert_eq!(request.check_policy(at(NOW_SECONDS)), Err(SignatureError::NotCovered("@method")));
    assert_eq!(request.verify(&shared_key()), Err(SignatureError::Mismatch));
    let swapped = with(parts, "signature", &format!("{}, sig1=:AAAA:", signature.replace("sig1=", "b=")));
    let request = SignedRequest::parse(&swapped).unwrap().unwrap();
    assert_eq!(request.verify(&shared_key()), Err(SignatureError::Mismatch));
}

/// K2: of several signatures exactly one must bear our tag.
#[test]
fn of_several_signatures_the_tagged_one_counts() {
    let signatures = "a=:AAAA:, b=:AAAA:";
    let parse = |input: &str| {
        SignedRequest::parse(&with(with(plain(), "signature-input", input), "signature", signatures))
    };
    let chosen = parse("a=();keyid=\"k\";tag=\"proxy\", b=();keyid=\"l\";tag=\"prosopa\"").unwrap().unwrap();
    assert_eq!(chosen.key_id(), "l");
    for input in [
        "a=();keyid=\"k\", b=();keyid=\"l\"",
        "a=();keyid=\"k\";tag=\"prosopa\", b=();keyid=\"l\";tag=\"prosopa\"",
        "a=();keyid=\"k\";tag=prosopa, b=();keyid=\"l\"",
    ] {
        assert_eq!(parse(input).unwrap_err(), SignatureError::Ambiguous, "{input}");
    }
    let mut lines = with(with(plain(), "signature-input", "a=();keyid=\"k\""), "signature", "a=:AAAA:");
    lines.headers.append("signature-input", "b=();keyid=\"l\";tag=\"prosopa\"".parse().unwrap());
    lines.headers.append("signature", "b=:AAAA:".parse().unwrap());
    assert_eq!(SignedRequest::parse(&lines).unwrap().unwrap().key_id(), "l");
}

/// K2: everything that is read is bounded.
#[test]
fn huge_headers_are_refused() {
    let long = format!("a=();keyid=\"k\";nonce=\"{}\"", "n".repeat(4096));
    assert_eq!(error(&long), SignatureError::TooLong("signature-input"));
    let signature = format!("a=:{}:", "A".repeat(4096));
    assert_eq!(error_of("a=();keyid=\"k\"", &signature), SignatureError::TooLong("signature"));
    let mut lines = signed();
    for _ in 0..2000 {
        lines.headers.append("signature-input", "x".parse().unwrap());
    }
    assert_eq!(SignedRequest::parse(&lines).unwrap_err(), SignatureError::TooLong("signature-input"));
    let five = ["a", "b", "c", "d", "e"].map(|label| format!("{label}=();keyid=\"k\"")).join(", ");
    assert_eq!(error(&five), SignatureError::TooManySignatures);
    let sixteen: Vec<String> = (0..16).map(|at| format!("\"x{at}\"")).collect();
    let list = |names: &[String]| format!("a=({});keyid=\"k\"", names.join(" "));
    assert_eq!(error(&list(&sixteen)), SignatureError::NoSingleValue("x0".into()));
    let seventeen = [sixteen.as_slice(), &["\"y\"".to_owned()]].concat();
    assert_eq!(error(&list(&seventeen)), SignatureError::TooManyComponents);
    let digest = with(signed(), "content-digest", &format!("sha-256=:{}:", "A".repeat(1024)));
    assert_eq!(SignedRequest::parse(&digest).unwrap_err(), SignatureError::TooLong("content-digest"));
}

/// Nothing that was signed is shown.
#[test]
fn what_was_signed_is_not_shown() {
    let shown = format!("{:?}", SignedRequest::parse(&signed()).unwrap().unwrap());
    assert_eq!(shown, "SignedRequest { key_id: \"client-1\", .. }");
    assert_eq!(format!("{:?}", shared_key()), "VerifyingKey(hmac-sha256, …)");
}
