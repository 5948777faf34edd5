//! Who signs a request (RFC 9421): the order in which a signature is read, checked, verified and used up.
//!
//! What a signature is, `prosopa_http::signatures` knows; which keys there are, the peer with the `ClientKeys`; which nonces
//! were used, the [`SharedNonces`]. Answers nobody and looks into no body: the digest that it must have is given back.

mod refusal;

use std::sync::Arc;

use http::{HeaderMap, request::Parts};
use secrecy::ExposeSecret;

use prosopa_contract::client_keys::{ClientKey, ClientKeys, SignatureAlgorithm};
use prosopa_http::signatures::{ContentDigest, SIGNATURE, SIGNATURE_INPUT, SignedRequest, VerifyingKey};
use prosopa_model::{Clock, Principal};
use prosopa_telemetry::IntCounterVec;

use crate::nonces::SharedNonces;

pub(crate) use self::refusal::SignatureRefusal;

/// The outcome of a signature that was right, beside those of [`SignatureRefusal`].
const ACCEPTED: &str = "accepted";

/// Tells who signs.
pub(crate) struct Signatures {
    /// Who knows the keys; without it, no signature is taken.
    pub(crate) keys: Option<Arc<dyn ClientKeys>>,
    /// What was used.
    pub(crate) nonces: SharedNonces,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Signatures by what became of them.
    pub(crate) outcomes: IntCounterVec,
}

/// A request whose head is genuine.
pub(crate) struct Signed {
    /// Who signed it.
    pub(crate) principal: Principal,
    /// What its content must have.
    pub(crate) body_digest: ContentDigest,
}

impl Signatures {
    /// Whether a request claims to be signed.
    pub(crate) fn is_claimed(headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE) || headers.contains_key(SIGNATURE_INPUT)
    }

    /// Removes signatures: no service looks at them.
    pub(crate) fn remove(headers: &mut HeaderMap) {
        headers.remove(SIGNATURE);
        headers.remove(SIGNATURE_INPUT);
    }

    /// Verifies the signature of a request as it was received, and uses up its nonce.
    pub(crate) async fn verify(&self, parts: &Parts) -> Result<Signed, SignatureRefusal> {
        let verified = self.try_verify(parts).await;
        match &verified {
            Ok(_) => self.outcomes.with_label_values(&[ACCEPTED]).inc(),
            Err(refusal) => self.count(refusal),
        }
        verified
    }

    /// Counts a refusal that comes to light later than with the head.
    pub(crate) fn count(&self, refusal: &SignatureRefusal) {
        self.outcomes.with_label_values(&[refusal.outcome()]).inc();
    }

    async fn try_verify(&self, parts: &Parts) -> Result<Signed, SignatureRefusal> {
        let keys = self.keys.as_ref().ok_or(SignatureRefusal::NoKeys)?;
        let request = SignedRequest::parse(parts)?.ok_or(SignatureRefusal::NoSignature)?;
        let terms = request.check_policy(self.clock.now())?;
        let access_key = request.key_id();
        let found = keys.find(access_key).await.map_err(|error| SignatureRefusal::Lost(error.to_string()))?;
        let key = found.ok_or(SignatureRefusal::UnknownKey)?;
        request.verify(&verifying_key(&key)?)?;
        let noted = self.nonces.note(access_key, &terms, &parts.method).await;
        if !noted.map_err(|error| SignatureRefusal::Lost(error.to_string()))? {
            return Err(SignatureRefusal::Replayed);
        }
        keys.note_use(access_key).await;
        Ok(Signed { principal: key.principal, body_digest: terms.body_digest })
    }
}

fn verifying_key(key: &ClientKey) -> Result<VerifyingKey, SignatureRefusal> {
    let material = key.material.expose_secret();
    let made = match key.algorithm {
        SignatureAlgorithm::HmacSha256 => VerifyingKey::hmac_sha256(material),
        SignatureAlgorithm::Ed25519 => VerifyingKey::ed25519(material),
    };
    // What is stored is no key: not the caller's fault.
    made.map_err(|error| SignatureRefusal::Lost(error.to_string()))
}
