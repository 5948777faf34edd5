//! Names of what is kept in Redis: a prefix, a purpose and a hash, so that whoever reads them learns nothing.

use aws_lc_rs::{
    digest::{self, SHA256},
    hmac::{self, HMAC_SHA256},
};

/// Bytes of a hash that a key keeps: two things of one purpose that share them are not found by chance.
const HASH_BYTES: usize = 16;

/// A key of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedisKey(String);

impl RedisKey {
    /// As the server has it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes keys.
pub(super) struct KeyMaker {
    prefix: String,
    secret: hmac::Key,
}

impl KeyMaker {
    pub(super) fn new(prefix: &str, secret: &[u8; 32]) -> Self {
        Self { prefix: prefix.to_owned(), secret: hmac::Key::new(HMAC_SHA256, secret) }
    }

    /// Of what could be guessed: HMAC-SHA-256 (RFC 2104).
    pub(super) fn keyed(&self, purpose: &'static str, parts: &[&[u8]]) -> RedisKey {
        let mut context = hmac::Context::with_key(&self.secret);
        each_part(purpose, parts, |bytes| context.update(bytes));
        self.make(purpose, context.sign().as_ref())
    }

    /// Of what is random.
    pub(super) fn plain(&self, purpose: &'static str, parts: &[&[u8]]) -> RedisKey {
        let mut context = digest::Context::new(&SHA256);
        each_part(purpose, parts, |bytes| context.update(bytes));
        self.make(purpose, context.finish().as_ref())
    }

    /// Of what there is once for all.
    pub(super) fn own(&self, name: &'static str) -> RedisKey {
        RedisKey(format!("{}:{name}", self.prefix))
    }

    fn make(&self, purpose: &str, hash: &[u8]) -> RedisKey {
        let mut key = String::with_capacity(self.prefix.len() + purpose.len() + 2 + 2 * HASH_BYTES);
        for part in [&self.prefix, ":", purpose, ":"] {
            key.push_str(part);
        }
        for byte in &hash[..HASH_BYTES.min(hash.len())] {
            for digit in [byte >> 4, byte & 15] {
                key.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        RedisKey(key)
    }
}

/// Each with its length, so that no two lists of parts are one text.
fn each_part(purpose: &str, parts: &[&[u8]], mut update: impl FnMut(&[u8])) {
    for part in [purpose.as_bytes()].iter().chain(parts) {
        update(&(part.len() as u64).to_be_bytes());
        update(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key tells neither what it is made of nor, without the secret, how to find out by trying.
    #[test]
    fn keys_are_hashes() {
        let (one, other) = (KeyMaker::new("p", &[1; 32]), KeyMaker::new("p", &[2; 32]));
        let address: &[&[u8]] = &[&[192, 0, 2, 1]];
        let key = one.keyed("network", address);
        assert!(key.as_str().starts_with("p:network:") && key.as_str().len() == "p:network:".len() + 32);
        assert_ne!(key, other.keyed("network", address));
        assert_eq!(one.plain("nonce", address), other.plain("nonce", address));
        assert_ne!(one.keyed("a", &[b"bc", b"d"]), one.keyed("a", &[b"b", b"cd"]));
        assert_ne!(one.keyed("a", address).as_str()[4..], one.keyed("b", address).as_str()[4..]);
    }
}
