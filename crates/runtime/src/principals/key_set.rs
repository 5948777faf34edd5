//! Keys that verify, and the file in which they are given to processes that shall not sign:
//! `{"keys": [{"kid": …, "public_key": …}, …]}`.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

const KID_LEN_MAX: usize = 64;

/// Most keys that are known at a time.
const KEYS_MAX: usize = 16;

/// Bytes of a public key (RFC 8032).
const PUBLIC_KEY_LEN: usize = 32;

/// The public halves of the keys that sign principals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKeySet {
    /// 1 to 16 keys; the one that signs first.
    pub keys: Vec<PublicKey>,
}

/// The public half of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// Its name in the tokens' headers, 1 to 64 bytes.
    pub kid: String,
    /// Its 32 bytes (RFC 8032), base64.
    pub public_key: String,
}

/// Keys ready to verify, by their ids.
pub(super) struct VerifyingKeys {
    by_kid: BTreeMap<String, DecodingKey>,
}

impl PublicKey {
    pub(super) fn new(kid: String, bytes: &[u8]) -> Self {
        Self { kid, public_key: STANDARD.encode(bytes) }
    }
}

impl VerifyingKeys {
    /// Fails with what is wrong, for the operator.
    pub(super) fn new(set: &PublicKeySet) -> Result<Self, &'static str> {
        if !(1..=KEYS_MAX).contains(&set.keys.len()) {
            return Err("it must have 1 to 16 keys");
        }
        let mut by_kid = BTreeMap::new();
        for key in &set.keys {
            if !(1..=KID_LEN_MAX).contains(&key.kid.len()) {
                return Err("a key's id must have 1 to 64 bytes");
            }
            let bytes = STANDARD.decode(&key.public_key).map_err(|_| "a public key is not base64")?;
            if bytes.len() != PUBLIC_KEY_LEN {
                return Err("a public key must have 32 bytes");
            }
            if by_kid.insert(key.kid.clone(), DecodingKey::from_ed_der(&bytes)).is_some() {
                return Err("two keys have one id");
            }
        }
        Ok(Self { by_kid })
    }

    pub(super) fn find(&self, kid: &str) -> Option<&DecodingKey> {
        self.by_kid.get(kid)
    }
}
