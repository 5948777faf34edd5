//! What a signature must cover and how fresh it must be.

use http::request::Parts;

use prosopa_http::signatures::{
    Algorithm, CheckedTerms, ContentDigest, Nonce, SignatureError, SignedRequest, Signer, SigningError,
    SigningKey,
};

use super::support::{
    BODY, NOW_SECONDS, accept, at, ed25519_key, ed25519_signing_key, head, shared_key, shared_secret, signed,
    signer, unsigned, with, with_input,
};

fn check(parts: &Parts, now_seconds: i64) -> Result<CheckedTerms, SignatureError> {
    SignedRequest::parse(parts).unwrap().unwrap().check_policy(at(now_seconds))
}

fn check_now(parts: &Parts) -> Result<CheckedTerms, SignatureError> {
    check(parts, NOW_SECONDS)
}

/// K2: what our own signer makes is accepted, and its terms are told.
#[test]
fn a_signed_request_is_accepted() {
    assert_eq!(accept(&signed(), NOW_SECONDS), Ok(()));
    let terms = check_now(&signed()).unwrap();
    assert_eq!(terms.nonce, "c2l4dGVlbiBieXRlcyBvaw==");
    assert_eq!(terms.remember_until, at(NOW_SECONDS + 65));
    assert_eq!(terms.body_digest, ContentDigest::of(BODY));
    let input = signed().headers["signature-input"].to_str().unwrap().to_owned();
    assert_eq!(
        input,
        "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1800000000;expires=1800000060;\
         nonce=\"c2l4dGVlbiBieXRlcyBvaw==\";keyid=\"client-1\""
    );
}

/// K2: the same with a key pair; signing again replaces the signature.
#[test]
fn a_request_is_signed_with_ed25519() {
    let mut parts = signed();
    let signer = Signer::new("pair-1", ed25519_signing_key()).unwrap().with_life_seconds(300).unwrap();
    let nonce = Nonce::random().unwrap();
    signer.sign(&mut parts, ContentDigest::of(BODY), at(NOW_SECONDS), nonce).unwrap();
    let request = SignedRequest::parse(&parts).unwrap().unwrap();
    assert_eq!(request.key_id(), "pair-1");
    assert_eq!(request.check_policy(at(NOW_SECONDS)).unwrap().remember_until, at(NOW_SECONDS + 305));
    assert_eq!(request.verify(&ed25519_key()), Ok(()));
    assert_eq!(request.verify(&shared_key()), Err(SignatureError::Mismatch));
}

/// K2: every required component must be covered.
#[test]
fn a_signature_must_cover_the_whole_target() {
    for name in ["@method", "@authority", "@path", "@query"] {
        let parts = with_input(signed(), &format!("\"{name}\" "), "");
        assert_eq!(check_now(&parts), Err(SignatureError::NotCovered(name)));
    }
    let by_name = with_input(signed(), "\"@query\"", "\"@query-param\";name=\"limit\"");
    assert_eq!(check_now(&by_name), Err(SignatureError::NotCovered("@query")));
}

/// K2: the digest is covered wherever there may be a content; where not, the content must be nothing.
#[test]
fn a_content_needs_a_covered_digest() {
    let uncovered = |parts: Parts| with_input(parts, " \"content-digest\"", "");
    let not_covered = Err(SignatureError::NotCovered("content-digest"));
    assert_eq!(check_now(&uncovered(signed())), not_covered);
    for method in ["PUT", "PATCH", "QUERY", "get"] {
        let mut parts = uncovered(signed());
        parts.headers.remove("content-length");
        parts.method = method.parse().unwrap();
        assert_eq!(check_now(&parts), not_covered, "{method}");
    }
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        let mut parts = uncovered(signed());
        parts.method = method.parse().unwrap();
        assert_eq!(check_now(&parts), not_covered, "{method} with a length");
        parts.headers.remove("content-length");
        assert_eq!(check_now(&parts).unwrap().body_digest, ContentDigest::of(b""), "{method}");
        let empty = with(parts.clone(), "content-length", "0");
        assert_eq!(check_now(&empty).unwrap().body_digest, ContentDigest::of(b""), "{method}");
        let chunked = with(parts, "transfer-encoding", "chunked");
        assert_eq!(check_now(&chunked), not_covered, "{method} in chunks");
    }
    let as_bytes = with_input(signed(), "\"content-digest\"", "\"content-digest\";bs");
    assert_eq!(check_now(&as_bytes), not_covered);
    let member = with_input(signed(), "\"content-digest\"", "\"content-digest\";key=\"sha-256\"");
    assert_eq!(check_now(&member), not_covered);
}

/// K2, RFC 9530: SHA-256 must be among the digests, once and whole.
#[test]
fn a_covered_digest_has_sha_256() {
    let sha_256 = ContentDigest::of(BODY).header_value().to_str().unwrap().to_owned();
    for value in ["sha-512=:AAAA:", "", "md5=:AAAA:, sha=:AAAA:"] {
        assert_eq!(
            check_now(&with(signed(), "content-digest", value)),
            Err(SignatureError::DigestMissing),
            "{value}"
        );
    }
    let many = with(signed(), "content-digest", &format!("sha-512=:AAAA:, {sha_256}, unknown=1"));
    assert_eq!(check_now(&many).unwrap().body_digest, ContentDigest::of(BODY));
    let twice = format!("{sha_256}, {sha_256}");
    for value in ["sha-256", "sha-256=:AAAA:", "sha-256=\"AAAA\"", "sha-256=(:AAAA:)", "=", twice.as_str()] {
        let error = SignedRequest::parse(&with(signed(), "content-digest", value)).unwrap_err();
        assert_eq!(error, SignatureError::Malformed("content-digest"), "{value}");
    }
}

/// K2: the clock, to the second: 5 seconds ahead at most, never past `expires`.
#[test]
fn a_signature_is_taken_only_while_it_is_fresh() {
    let parts = signed();
    for now in [NOW_SECONDS - 5, NOW_SECONDS, NOW_SECONDS + 59] {
        assert_eq!(accept(&parts, now), Ok(()), "{now}");
    }
    assert_eq!(check(&parts, NOW_SECONDS - 6), Err(SignatureError::CreatedInFuture));
    for now in [NOW_SECONDS + 60, NOW_SECONDS + 61, NOW_SECONDS + 1_000_000] {
        assert_eq!(check(&parts, now), Err(SignatureError::Expired), "{now}");
    }
}

/// K2: both times are required, 1 to 300 seconds apart.
#[test]
fn a_signature_lives_no_longer_than_it_may() {
    let expiring = |expires: i64| with_input(signed(), "expires=1800000060", &format!("expires={expires}"));
    assert!(check_now(&expiring(NOW_SECONDS + 300)).is_ok());
    for expires in
        [NOW_SECONDS + 301, NOW_SECONDS, NOW_SECONDS - 1, 0, -999_999_999_999_999, 999_999_999_999_999]
    {
        assert_eq!(check_now(&expiring(expires)), Err(SignatureError::InvalidLife), "{expires}");
    }
    let without = |text: &str| with_input(signed(), text, "");
    assert_eq!(check_now(&without(";created=1800000000")), Err(SignatureError::CreatedMissing));
    assert_eq!(check_now(&without(";expires=1800000060")), Err(SignatureError::ExpiresMissing));
}

/// K2: a nonce is required, of a length that can be stored and hardly guessed.
#[test]
fn a_signature_has_a_nonce() {
    let nonce = |nonce: &str| with_input(signed(), "\"c2l4dGVlbiBieXRlcyBvaw==\"", &format!("\"{nonce}\""));
    let without = with_input(signed(), ";nonce=\"c2l4dGVlbiBieXRlcyBvaw==\"", "");
    assert_eq!(check_now(&without), Err(SignatureError::InvalidNonce));
    for accepted in
        ["0123456789abcdef", "-_+/AZaz09ABCDEF", &"n".repeat(64), "01a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8"]
    {
        assert_eq!(check_now(&nonce(accepted)).unwrap().nonce, *accepted);
    }
    for refused in
        ["", "0123456789abcde", &"n".repeat(65), "0123456789abcde ", "0123456789abcde.", "0123456789abcde%"]
    {
        assert_eq!(check_now(&nonce(refused)), Err(SignatureError::InvalidNonce), "{refused}");
    }
}

/// K2: a signature that was made for another application is not ours.
#[test]
fn a_foreign_tag_is_refused() {
    let tagged = |tag: &str| with_input(signed(), ";keyid", &format!(";tag=\"{tag}\";keyid"));
    assert!(check_now(&tagged("prosopa")).is_ok());
    for tag in ["", "other", "Prosopa"] {
        assert_eq!(check_now(&tagged(tag)), Err(SignatureError::ForeignTag), "{tag}");
    }
}

/// K2: the algorithm belongs to the key; a claim that contradicts it is refused, one that does not is just covered.
#[test]
fn a_contradicting_algorithm_is_refused() {
    let claiming = |algorithm: &str| {
        let parts = with_input(signed(), ";keyid", &format!(";alg=\"{algorithm}\";keyid"));
        SignedRequest::parse(&parts).unwrap().unwrap()
    };
    for algorithm in ["ed25519", "rsa-pss-sha512", "none", "", "HMAC-SHA256"] {
        let request = claiming(algorithm);
        assert_eq!(request.claimed_algorithm(), Some(algorithm));
        assert_eq!(request.verify(&shared_key()), Err(SignatureError::AlgorithmMismatch), "{algorithm}");
    }
    assert_eq!(claiming("hmac-sha256").verify(&shared_key()), Err(SignatureError::Mismatch));
    assert_eq!(Algorithm::HmacSha256.as_str(), shared_key().algorithm().as_str());
}

/// K2: what would be refused is not signed.
#[test]
fn a_signer_refuses_what_would_be_refused() {
    let key = || SigningKey::hmac_sha256(&shared_secret()).unwrap();
    for key_id in ["", "a\"b", "a\\b", "a b", "caf\u{e9}", &"k".repeat(129)] {
        assert_eq!(Signer::new(key_id, key()).unwrap_err(), SigningError::InvalidKeyId, "{key_id}");
    }
    for life in [0, -1, 301] {
        let error = Signer::new("k", key()).unwrap().with_life_seconds(life).unwrap_err();
        assert_eq!(error, SigningError::InvalidLife, "{life}");
    }
    let mut homeless = head("GET", "/", &[]);
    let nonce = Nonce::random().unwrap();
    let error = signer().sign(&mut homeless, ContentDigest::of(b""), at(NOW_SECONDS), nonce).unwrap_err();
    assert_eq!(error, SigningError::Unsignable(SignatureError::NoSingleValue("@authority".into())));
    assert!(!homeless.headers.contains_key("signature"));
}

/// K2: keys are whole, and never shown.
#[test]
fn keys_are_checked_and_hidden() {
    assert!(SigningKey::hmac_sha256(&[1; 31]).is_err());
    assert!(SigningKey::ed25519(&[1; 31]).is_err());
    assert!(SigningKey::ed25519_pkcs8(b"no key").is_err());
    assert_eq!(format!("{:?}", SigningKey::hmac_sha256(&[1; 32]).unwrap()), "SigningKey(hmac-sha256, …)");
    let shown = format!("{:?}", signer());
    assert_eq!(shown, "Signer { key_id: \"client-1\", key: SigningKey(hmac-sha256, …), life_seconds: 60 }");
    assert_eq!(SigningKey::ed25519(&[1; 32]).unwrap().algorithm(), Algorithm::Ed25519);
}

/// K2: two nonces are never the same.
#[test]
fn nonces_differ() {
    assert_ne!(Nonce::random().unwrap(), Nonce::random().unwrap());
    let mut first = unsigned();
    let mut second = unsigned();
    for parts in [&mut first, &mut second] {
        signer().sign(parts, ContentDigest::of(BODY), at(NOW_SECONDS), Nonce::random().unwrap()).unwrap();
    }
    assert_ne!(first.headers["signature"], second.headers["signature"]);
}
