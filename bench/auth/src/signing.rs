//! The check of a signature without anything around it.

use std::hint::black_box;

use aws_lc_rs::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, ParsedPublicKey},
};
use http::{Request, request::Parts};

use prosopa_http::signatures::{ContentDigest, Nonce, SignedRequest, Signer, SigningKey, VerifyingKey};
use prosopa_model::{Clock, SystemClock};

use crate::table::measure;

const SECRET: &[u8] = b"pss_0123456789abcdef0123456789abcdef0123456789";

const SEED: [u8; 32] = [7; 32];

/// The head of a request to this target, signed now.
pub(crate) fn signed(method: &str, target: &str, access_key: &str, key: SigningKey) -> Parts {
    let request = Request::builder().method(method).uri(target).header("host", "localhost:8080");
    let mut parts = request.body(()).unwrap().into_parts().0;
    let signer = Signer::new(access_key, key).unwrap().with_life_seconds(300).unwrap();
    signer.sign(&mut parts, ContentDigest::of(b""), SystemClock.now(), Nonce::random().unwrap()).unwrap();
    parts
}

fn shared_secret() -> SigningKey {
    SigningKey::hmac_sha256(SECRET).unwrap()
}

fn key_pair() -> SigningKey {
    SigningKey::ed25519(&SEED).unwrap()
}

fn request(key: SigningKey) -> Parts {
    signed("POST", "/api/v1/faces/detections?max_faces=3", "psa_01jd0000000000000000000000", key)
}

fn base() -> String {
    SignedRequest::parse(&request(shared_secret())).unwrap().unwrap().signature_base().to_owned()
}

/// What cannot be saved.
pub(crate) fn plain_hmac_us() -> f64 {
    let (base, key) = (base(), hmac::Key::new(hmac::HMAC_SHA256, SECRET));
    let tag = hmac::sign(&key, base.as_bytes());
    measure(|| hmac::verify(black_box(&key), black_box(base.as_bytes()), tag.as_ref()).unwrap())
}

/// The same for a key pair.
pub(crate) fn plain_ed25519_us() -> f64 {
    let base = base();
    let signature = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap().sign(base.as_bytes());
    let public = key_pair().public_key().unwrap().to_vec();
    let key = ParsedPublicKey::new(&ED25519, public).unwrap();
    measure(|| key.verify_sig(black_box(base.as_bytes()), signature.as_ref()).unwrap())
}

/// As the gateway checks it, from the head and the stored secret.
pub(crate) fn shared_secret_us() -> f64 {
    let parts = request(shared_secret());
    measure(|| verify(&parts, || VerifyingKey::hmac_sha256(black_box(SECRET)).unwrap()))
}

/// As the gateway checks it, from the head and the stored public key.
pub(crate) fn key_pair_us() -> f64 {
    let parts = request(key_pair());
    let public = key_pair().public_key().unwrap().to_vec();
    measure(|| verify(&parts, || VerifyingKey::ed25519(black_box(&public)).unwrap()))
}

fn verify(parts: &Parts, key: impl Fn() -> VerifyingKey) {
    let request = SignedRequest::parse(black_box(parts)).unwrap().unwrap();
    request.check_policy(SystemClock.now()).unwrap();
    request.verify(&key()).unwrap();
}
