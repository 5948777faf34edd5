//! Requests, keys and signatures to test with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Request, request::Parts};

use prosopa_http::signatures::{
    ContentDigest, Nonce, SignatureError, SignedRequest, Signer, SigningKey, VerifyingKey,
};
use prosopa_model::Timestamp;

/// RFC 9421 appendix B.1.5.
const TEST_SHARED_SECRET: &str =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

/// RFC 9421 appendix B.1.4, in PKCS#8.
const TEST_KEY_ED25519: &str = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF";

/// RFC 9421 appendix B.1.4: the last 32 bytes of the public key's DER.
const TEST_KEY_ED25519_PUBLIC: &str = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";

/// When [`signed`] signs, seconds since the epoch.
pub(crate) const NOW_SECONDS: i64 = 1_800_000_000;

pub(crate) const BODY: &[u8] = br#"{"hello": "world"}"#;

pub(crate) fn base64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

pub(crate) fn shared_secret() -> Vec<u8> {
    base64(TEST_SHARED_SECRET)
}

pub(crate) fn shared_key() -> VerifyingKey {
    VerifyingKey::hmac_sha256(&shared_secret()).unwrap()
}

pub(crate) fn ed25519_signing_key() -> SigningKey {
    SigningKey::ed25519_pkcs8(&base64(TEST_KEY_ED25519)).unwrap()
}

pub(crate) fn ed25519_key() -> VerifyingKey {
    VerifyingKey::ed25519(&base64(TEST_KEY_ED25519_PUBLIC)).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// The head of a request.
pub(crate) fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

/// A request to be signed, as a server sees it over HTTP/1.1.
pub(crate) fn unsigned() -> Parts {
    head("POST", "/api/v1/faces?limit=3&q=a%20b", &[("host", "api.example.com"), ("content-length", "18")])
}

pub(crate) fn signer() -> Signer {
    Signer::new("client-1", SigningKey::hmac_sha256(&shared_secret()).unwrap()).unwrap()
}

/// [`unsigned`] with the digest of [`BODY`], signed at [`NOW_SECONDS`] with the shared secret.
pub(crate) fn signed() -> Parts {
    let mut parts = unsigned();
    let nonce = Nonce::from_bytes(*b"sixteen bytes ok");
    signer().sign(&mut parts, ContentDigest::of(BODY), at(NOW_SECONDS), nonce).unwrap();
    parts
}

/// Reads, checks and verifies as a server does, with the shared secret.
pub(crate) fn accept(parts: &Parts, now_seconds: i64) -> Result<(), SignatureError> {
    let request = SignedRequest::parse(parts)?.unwrap();
    request.check_policy(at(now_seconds))?;
    request.verify(&shared_key())
}

/// The head with one header replaced.
pub(crate) fn with(mut parts: Parts, name: &'static str, value: &str) -> Parts {
    parts.headers.insert(name, value.parse().unwrap());
    parts
}

/// The head with a text in `Signature-Input` replaced, which must be there.
pub(crate) fn with_input(parts: Parts, from: &str, to: &str) -> Parts {
    let input = parts.headers["signature-input"].to_str().unwrap();
    assert!(input.contains(from), "{from} is not in {input}");
    let input = input.replace(from, to);
    with(parts, "signature-input", &input)
}

/// What reading a request with this `Signature-Input` and a signature under its label `a` gives.
pub(crate) fn read(parts: Parts, input: &str) -> Result<Option<SignedRequest>, SignatureError> {
    let parts = with(with(parts, "signature-input", input), "signature", "a=:AAAA:");
    SignedRequest::parse(&parts)
}

/// The signature base over these components, parameters and nothing else.
pub(crate) fn base_of(parts: Parts, components: &str) -> Result<String, SignatureError> {
    let request = read(parts, &format!("a=({components});keyid=\"k\""))?.unwrap();
    let base = request.signature_base().rsplit_once("\"@signature-params\": ").unwrap().0;
    Ok(base.trim_end_matches('\n').to_owned())
}
