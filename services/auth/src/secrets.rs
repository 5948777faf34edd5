//! Random texts, and the digests under which they are stored.

use aws_lc_rs::rand;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Digits and letters: nothing that needs quoting anywhere, selected whole by a double click.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Characters of a text with 256 random bits.
pub(crate) const SECRET_LEN: usize = 43;

/// Makes a uniformly random text of letters and digits: 5.95 bits a character.
pub(crate) fn random_text(length: usize) -> Result<SecretString, Error> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        rand::fill(&mut bytes)?;
        // Bytes from 248 up would make the first characters likelier than the others.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let characters = fair.map(|byte| char::from(BASE62[usize::from(byte % 62)]));
        text.extend(characters.take(length - text.len()));
    }
    Ok(text.into())
}

/// The form in which a random text is stored: it cannot be guessed, so a fast digest keeps it secret.
pub(crate) fn digest(secret: &SecretString) -> [u8; 32] {
    Sha256::digest(secret.expose_secret().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_length_asked_for_and_differ() {
        for length in [0, 1, 24, SECRET_LEN, 200] {
            assert_eq!(random_text(length).unwrap().expose_secret().len(), length);
        }
        let [one, other] = [0; 2].map(|_| random_text(SECRET_LEN).unwrap());
        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[test]
    fn every_character_is_as_likely_as_the_others() {
        let text = random_text(62_000).unwrap();
        for character in BASE62 {
            let count = text.expose_secret().bytes().filter(|byte| byte == character).count();
            // Six standard deviations around the mean of 1,000.
            assert!((812..1_188).contains(&count), "{} came {count} times", char::from(*character));
        }
    }
}
