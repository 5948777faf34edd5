//! Public keys of clients that sign with Ed25519 (RFC 8032).

use base64::{Engine, engine::general_purpose::STANDARD};
use curve25519_dalek::edwards::CompressedEdwardsY;
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};

/// What stands before the 32 bytes of the key in its DER form, always (RFC 8410, sections 3 and 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// No text of a key is longer, bytes.
const TEXT_LEN_MAX: usize = 1_000;

/// A key that a signature can be checked with, and only one of its owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey(pub(crate) [u8; 32]);

impl PublicKey {
    /// Reads the base64 of 32 bytes (RFC 4648, section 4), or PEM of the form `SubjectPublicKeyInfo` (RFC 7468, section 13).
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let form = "must be the base64 of 32 bytes, or PEM that begins with -----BEGIN PUBLIC KEY-----, of an Ed25519 key";
        if text.len() > TEXT_LEN_MAX {
            return Err(form);
        }
        let text = text.trim();
        let bytes = if text.starts_with("-----BEGIN") {
            let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).map_err(|_| form)?;
            der.as_ref().strip_prefix(&SPKI_HEAD).map(<[u8]>::to_vec)
        } else {
            STANDARD.decode(text).ok()
        };
        let bytes: [u8; 32] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(form)?;
        if is_sound(bytes) {
            Ok(Self(bytes))
        } else {
            Err("must be a point of the curve that makes a safe key")
        }
    }
}

/// Whether it is a point, written in its one form (RFC 8032, section 5.1.3), that is not of small order: with such a one,
/// anybody can make a signature that fits.
fn is_sound(bytes: [u8; 32]) -> bool {
    let compressed = CompressedEdwardsY(bytes);
    compressed.decompress().is_some_and(|point| point.compress() == compressed && !point.is_small_order())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use proptest::prelude::*;

    use super::*;

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    /// The example of RFC 8410, section 10.1.
    #[test]
    fn a_published_key_is_read() {
        let text = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let key = PublicKey::parse(text).unwrap();
        assert_eq!(key.0[..4], [0x19, 0xbf, 0x44, 0x09]);
        assert_eq!(PublicKey::parse(&STANDARD.encode(key.0)), Ok(key));
    }

    #[test]
    fn keys_that_are_generated_are_read() {
        for _ in 0..20 {
            let pair = Ed25519KeyPair::generate().unwrap();
            let text = STANDARD.encode(pair.public_key());
            assert_eq!(PublicKey::parse(&text).unwrap().0, pair.public_key().as_ref());
        }
    }

    #[test]
    fn what_is_no_safe_key_is_refused() {
        let p = |last: u8, first: u8| {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (first, last);
            bytes
        };
        let mut identity = [0; 32];
        identity[0] = 1;
        let order_4 = [0; 32];
        let order_8: [u8; 32] = [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ];
        let mut no_point = [0; 32];
        no_point[0] = 2;
        // p - 1, of order 2; p and p + 1, which are other forms of 0 and 1; 2^255 - 1, more than p.
        let others = [p(0x7f, 0xec), p(0x7f, 0xed), p(0x7f, 0xee), p(0x7f, 0xff)];
        for bytes in [identity, order_4, order_8, no_point].into_iter().chain(others) {
            assert!(PublicKey::parse(&STANDARD.encode(bytes)).is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let key = STANDARD.decode("Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
        let mut x25519 = [SPKI_HEAD.as_slice(), &key].concat();
        x25519[8] = 0x6e;
        let longer = [SPKI_HEAD.as_slice(), &key, &[0]].concat();
        let texts = [
            String::new(),
            STANDARD.encode(&key[..31]),
            STANDARD.encode([key.as_slice(), &[0]].concat()),
            pem(&x25519),
            pem(&longer),
            pem(&key),
            pem(&[SPKI_HEAD.as_slice(), &key].concat()).replace("PUBLIC", "PRIVATE"),
            "-----BEGIN PUBLIC KEY-----".to_owned(),
            "x".repeat(1 << 20),
        ];
        for text in texts {
            assert!(PublicKey::parse(&text).is_err(), "{}", &text[..text.len().min(80)]);
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in ".{0,200}") {
            let _ = PublicKey::parse(&text);
        }
    }
}
