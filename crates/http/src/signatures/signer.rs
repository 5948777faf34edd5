//! Signs requests as this product wants them: for the command line and for tests.

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, request::Parts};

use prosopa_model::Timestamp;

use super::{
    base::signature_base,
    digest::{CONTENT_DIGEST, ContentDigest},
    error::SignatureError,
    field::parse_dictionary,
    keys::SigningKey,
    params::{KEY_ID_LEN_MAX, SignatureParams},
    policy::LIFE_SECONDS_MAX,
    request::{SIGNATURE, SIGNATURE_INPUT},
};

/// How long a signature may be used unless said otherwise, seconds.
pub const LIFE_SECONDS: i64 = 60;

/// What is covered, in this order.
const COVERED: &str = r#"("@method" "@authority" "@path" "@query" "content-digest")"#;

const LABEL: &str = "sig1";

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// A key id has 1 to 128 visible characters of ASCII, without `"` and `\`.
    #[error("not a key id")]
    InvalidKeyId,
    /// Not 1 to 300 seconds.
    #[error("a signature lives 1 to 300 seconds")]
    InvalidLife,
    /// The system gives no random numbers.
    #[error("no random numbers")]
    NoRandomness,
    /// The request lacks something that is covered: it names no host, or several.
    #[error("the request cannot be signed")]
    Unsignable(#[from] SignatureError),
}

/// 128 bits that a key uses once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// A nonce from the system's random numbers.
    pub fn random() -> Result<Self, SigningError> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|_| SigningError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// Wraps bytes that were never used with the key.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// Signs requests with one key.
#[derive(Debug)]
pub struct Signer {
    key_id: String,
    key: SigningKey,
    life_seconds: i64,
}

impl Signer {
    /// A signer whose signatures live [`LIFE_SECONDS`].
    pub fn new(key_id: impl Into<String>, key: SigningKey) -> Result<Self, SigningError> {
        let key_id = key_id.into();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let is_valid = (1..=KEY_ID_LEN_MAX).contains(&key_id.len()) && key_id.bytes().all(is_plain);
        is_valid.then_some(Self { key_id, key, life_seconds: LIFE_SECONDS }).ok_or(SigningError::InvalidKeyId)
    }

    /// Lets signatures live 1 to 300 seconds.
    pub fn with_life_seconds(mut self, life_seconds: i64) -> Result<Self, SigningError> {
        if !(1..=LIFE_SECONDS_MAX).contains(&life_seconds) {
            return Err(SigningError::InvalidLife);
        }
        self.life_seconds = life_seconds;
        Ok(self)
    }

    /// Signs a request whose content has the digest; replaces the headers of an earlier signature.
    ///
    /// The host must be in the target or in `Host`. Nothing that is covered may change afterwards.
    pub fn sign(
        &self,
        parts: &mut Parts,
        body_digest: ContentDigest,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<(), SigningError> {
        parts.headers.insert(CONTENT_DIGEST, body_digest.header_value());
        let created = now.seconds();
        let expires = created.saturating_add(self.life_seconds);
        let nonce = STANDARD.encode(nonce.0);
        let input = format!(
            "{LABEL}={COVERED};created={created};expires={expires};nonce=\"{nonce}\";keyid=\"{}\"",
            self.key_id
        );
        // Read back, so that what is signed is built where it is verified.
        let malformed = || SignatureError::Malformed("signature-input");
        let members = parse_dictionary(input.as_bytes()).ok_or_else(malformed)?;
        let params = SignatureParams::parse(members.first().ok_or_else(malformed)?)?;
        let base = signature_base(parts, &params)?;
        let signature = format!("{LABEL}=:{}:", STANDARD.encode(self.key.sign(base.as_bytes())));
        let input = HeaderValue::try_from(input).map_err(|_| malformed())?;
        let signature =
            HeaderValue::try_from(signature).map_err(|_| SignatureError::Malformed("signature"))?;
        parts.headers.insert(SIGNATURE_INPUT, input);
        parts.headers.insert(SIGNATURE, signature);
        Ok(())
    }
}
