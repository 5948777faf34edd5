//! The text of an API key, `psp_live_<id>_<secret>_<checksum>`, and of the secret key of a client, `pss_<id>_…`.
//!
//! The id (that of the key's `TypeID`) finds the row, the secret has 256 random bits, and the CRC-32 of everything before
//! it, in hexadecimal, lets mistyped keys be refused without a look-up and found by scanners for leaked secrets.

use secrecy::{ExposeSecret, SecretString};

use prosopa_model::{Id, Kind, id};

use crate::{error::Error, secrets};

/// What the text of every API key begins with.
pub(crate) const PREFIX: &str = "psp_live_";

const CHECKSUM_LEN: usize = 8;

/// A kind of thing that is opened by a text.
pub(crate) trait HasText: Kind {
    /// What its texts begin with.
    const TEXT_PREFIX: &'static str;
}

impl HasText for id::ApiKey {
    const TEXT_PREFIX: &'static str = PREFIX;
}

/// A key's text in its parts.
pub(crate) struct KeyText<K> {
    id: Id<K>,
    secret: SecretString,
}

impl<K: HasText> KeyText<K> {
    /// Makes the text of a new key.
    pub(crate) fn generate(id: Id<K>) -> Result<Self, Error> {
        Ok(Self { id, secret: secrets::random_text(secrets::SECRET_LEN)? })
    }

    /// Takes a text apart; none if it cannot be a key's.
    pub(crate) fn parse(text: &SecretString) -> Option<Self> {
        let (body, checksum) = text.expose_secret().rsplit_once('_')?;
        if checksum != checksum_of(body) {
            return None;
        }
        let (id, secret) = body.strip_prefix(K::TEXT_PREFIX)?.split_once('_')?;
        let is_secret =
            secret.len() == secrets::SECRET_LEN && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = format!("{}_{id}", K::PREFIX).parse().ok()?;
        is_secret.then(|| Self { id, secret: secret.into() })
    }

    /// Which key it names.
    pub(crate) const fn id(&self) -> Id<K> {
        self.id
    }

    /// The stored form of its secret.
    pub(crate) fn secret_digest(&self) -> [u8; 32] {
        secrets::digest(&self.secret)
    }

    /// The whole text.
    pub(crate) fn into_text(self) -> SecretString {
        let body = format!("{}_{}", Self::prefix_of(self.id), self.secret.expose_secret());
        format!("{body}_{}", checksum_of(&body)).into()
    }

    /// The part that is no secret.
    pub(crate) fn prefix_of(id: Id<K>) -> String {
        let id = id.to_string();
        let suffix = id.rsplit_once('_').map_or(id.as_str(), |(_, suffix)| suffix);
        format!("{}{suffix}", K::TEXT_PREFIX)
    }
}

fn checksum_of(body: &str) -> String {
    format!("{:0width$x}", crc32fast::hash(body.as_bytes()), width = CHECKSUM_LEN)
}

#[cfg(test)]
mod tests {
    use prosopa_model::ApiKeyId;

    use super::*;

    type KeyText = super::KeyText<id::ApiKey>;

    #[test]
    fn a_text_is_taken_apart_again() {
        let key = KeyText::generate(ApiKeyId::new()).unwrap();
        let (id, digest, text) = (key.id(), key.secret_digest(), key.into_text());
        assert!(text.expose_secret().starts_with(&KeyText::prefix_of(id)));
        let parsed = KeyText::parse(&text).unwrap();
        assert_eq!((parsed.id(), parsed.secret_digest()), (id, digest));
    }

    #[test]
    fn one_wrong_character_is_noticed() {
        let text = KeyText::generate(ApiKeyId::new()).unwrap().into_text().expose_secret().to_owned();
        for position in 0..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[position] = if wrong[position] == b'x' { b'y' } else { b'x' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(KeyText::parse(&wrong.into()).is_none(), "position {position}");
            assert!(KeyText::parse(&text[..position].into()).is_none(), "length {position}");
        }
    }
}
