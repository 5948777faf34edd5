//! The vectors of RFC 9421 appendix B and RFC 9530 appendix B.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};
use http::request::Parts;

use prosopa_http::signatures::{ContentDigest, SignatureError, SignedRequest, VerifyingKey};

use super::support::{
    BODY, NOW_SECONDS, at, base_of, base64, ed25519_key, ed25519_signing_key, head, shared_key, with,
};

const CONTENT_DIGEST: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

/// The request of appendix B.2.
fn test_request() -> Parts {
    let headers = [
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-digest", CONTENT_DIGEST),
        ("content-length", "18"),
    ];
    head("POST", "/foo?param=Value&Pet=dog", &headers)
}

fn parse(parts: Parts, input: &str, signature: &str) -> SignedRequest {
    let parts = with(with(parts, "signature-input", input), "signature", signature);
    SignedRequest::parse(&parts).unwrap().unwrap()
}

/// B.1.2: the public key of the vectors with `rsa-pss-sha512`.
const TEST_KEY_RSA_PSS: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB";

/// B.1.3: the public key of the vectors with `ecdsa-p256-sha256`.
const TEST_KEY_ECC_P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==";

/// Checks that the base of a vector is what was signed there, with an algorithm that is not one of ours.
#[track_caller]
fn check_base(
    parts: Parts,
    params: &str,
    algorithm: &'static dyn VerificationAlgorithm,
    key: &str,
    signature: &str,
) {
    let request = parse(parts, &format!("sig={params}"), "sig=:AAAA:");
    let key = ParsedPublicKey::new(algorithm, base64(key)).unwrap();
    let base = request.signature_base();
    assert!(key.verify_sig(base.as_bytes(), &base64(signature)).is_ok(), "{base}");
}

#[track_caller]
fn check_rsa_base(params: &str, signature: &str) {
    check_base(test_request(), params, &RSA_PSS_2048_8192_SHA512, TEST_KEY_RSA_PSS, signature);
}

/// K2, B.2.1: nothing but the parameters.
#[test]
fn the_base_of_the_minimal_signature_is_right() {
    check_rsa_base(
        r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
        "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
    );
}

/// K2, B.2.2: a query parameter and a tag.
#[test]
fn the_base_of_the_selective_signature_is_right() {
    check_rsa_base(
        r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
        "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
    );
}

/// K2, B.2.3: everything.
#[test]
fn the_base_of_the_full_signature_is_right() {
    check_rsa_base(
        r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
        "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==",
    );
}

/// K2, B.2.4 signs an answer: `@status` has no value in a request (RFC 9421 section 2.2.9); the fields do.
#[test]
fn the_status_of_the_signed_answer_is_no_component_of_a_request() {
    let answer = [
        ("content-type", "application/json"),
        (
            "content-digest",
            "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
        ),
        ("content-length", "23"),
    ];
    let with_status = base_of(head("GET", "/", &answer), r#""@status" "content-type""#);
    assert_eq!(with_status, Err(SignatureError::UnsupportedComponent("@status".into())));
    let fields = base_of(head("GET", "/", &answer), r#""content-type" "content-digest" "content-length""#);
    let expected = answer.map(|(name, value)| format!("\"{name}\": {value}")).join("\n");
    assert_eq!(fields.unwrap(), expected);
}

/// K2, B.2.5.
#[test]
fn the_signature_with_hmac_sha256_verifies() {
    let request = parse(
        test_request(),
        r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
        "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    );
    assert_eq!(request.key_id(), "test-shared-secret");
    assert_eq!(request.verify(&shared_key()), Ok(()));
    let other = VerifyingKey::hmac_sha256(&[7; 64]).unwrap();
    assert_eq!(request.verify(&other), Err(SignatureError::Mismatch));
    assert_eq!(request.verify(&ed25519_key()), Err(SignatureError::Mismatch));
}

/// K2, B.2.6.
#[test]
fn the_signature_with_ed25519_verifies() {
    let request = parse(
        test_request(),
        r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    );
    assert_eq!(request.verify(&ed25519_key()), Ok(()));
    assert_eq!(request.verify(&shared_key()), Err(SignatureError::Mismatch));
    let pair = ed25519_signing_key();
    let public = VerifyingKey::ed25519(pair.public_key().unwrap()).unwrap();
    assert_eq!(request.verify(&public), Ok(()));
}

/// K2, B.3: the base that a proxy signs, with the certificate of its client.
#[test]
fn the_base_of_the_proxy_is_right() {
    let certificate = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
    let headers = [("host", "service.internal.example"), ("client-cert", certificate)];
    check_base(
        head("POST", "/foo?param=Value&Pet=dog", &headers),
        r#"("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#,
        &ECDSA_P256_SHA256_FIXED,
        TEST_KEY_ECC_P256,
        "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==",
    );
}

/// K2, B.4: what intermediaries may do to a message, and what they may not.
#[test]
fn signatures_survive_the_transformations_they_should_survive() {
    let verify = |method: &str, uri: &str, headers: &[(&str, &str)]| {
        let input = r#"transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
        let signature = "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:";
        parse(head(method, uri, headers), input, signature).verify(&ed25519_key())
    };
    let target = "/demo?name1=Value1&Name2=value2";
    let host = ("host", "example.org");
    let accept = [("accept", "application/json"), ("accept", "*/*")];
    assert_eq!(verify("GET", target, &[host, accept[0], accept[1]]), Ok(()));
    let added = format!("{target}&param=added");
    let language = ("accept-language", "en-US,en;q=0.5");
    assert_eq!(verify("GET", &added, &[host, accept[0], accept[1], language]), Ok(()));
    let referer = ("referer", "https://developer.example.org/demo");
    assert_eq!(verify("GET", target, &[host, referer, ("accept", "application/json, */*")]), Ok(()));

    let mismatch = Err(SignatureError::Mismatch);
    assert_eq!(verify("POST", target, &[host, accept[0], accept[1]]), mismatch);
    let elsewhere = ("host", "developer.example.org");
    assert_eq!(verify("GET", target, &[elsewhere, accept[0], accept[1]]), mismatch);
    assert_eq!(verify("GET", target, &[host, accept[1], accept[0]]), mismatch);
}

/// K2, RFC 9530 appendices B.1, B.2, B.3 and RFC 9421 appendix B.2: digests of contents.
#[test]
fn contents_have_the_digests_of_the_rfc() {
    let digest = |content: &[u8]| ContentDigest::of(content).header_value().to_str().unwrap().to_owned();
    let vectors: [(&[u8], &str); 4] = [
        (b"{\"hello\": \"world\"}\n", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"),
        (b"", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
        (b"\"world\"}\n", "sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:"),
        (b"{\"hello\": \"world\"}", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"),
    ];
    for (content, expected) in vectors {
        assert_eq!(digest(content), expected);
    }
}

/// K2: what a public library makes, `http-message-signatures` 3.0.0 for Python, is accepted.
#[test]
fn a_request_that_a_public_library_signed_is_accepted() {
    let headers = [
        ("host", "localhost:8080"),
        ("content-length", "18"),
        ("content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"),
    ];
    let request = parse(
        head("POST", "/api/v1/search/jobs?priority=normal", &headers),
        r#"pyhms=("@method" "@authority" "@path" "@query" "content-digest");created=1800000000;keyid="client-1";alg="hmac-sha256";expires=1800000060;nonce="c2l4dGVlbiBieXRlcyBvaw==""#,
        "pyhms=:82zQR7qV4rFEYXQsgkyK/BhWY6vsojCvhgnfdZgdD8s=:",
    );
    assert_eq!(request.check_policy(at(NOW_SECONDS)).unwrap().body_digest, ContentDigest::of(BODY));
    let key = VerifyingKey::hmac_sha256(b"0123456789abcdef0123456789abcdef").unwrap();
    assert_eq!(request.verify(&key), Ok(()));
}
