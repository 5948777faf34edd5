//! AES-256-GCM-SIV (RFC 8452), which stays safe should a random nonce ever repeat.
//!
//! What is sealed: a header of the caller's, 12 bytes nonce, ciphertext, 16 bytes tag. Knows neither where keys come
//! from nor what the header says; the caller binds the header where that matters.

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    rand,
};
use zeroize::Zeroizing;

/// Length of every key here.
pub(crate) const KEY_BYTES: usize = 32;

/// The bytes of a key; overwritten when they are dropped.
pub(crate) type Secret = Zeroizing<[u8; KEY_BYTES]>;

/// Makes a new key.
pub(crate) fn random_secret() -> Result<Secret, Unspecified> {
    let mut secret = Secret::default();
    rand::fill(secret.as_mut_slice())?;
    Ok(secret)
}

/// Seals and opens under one key. The library overwrites the key when it is dropped.
pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    /// None unless the key has [`KEY_BYTES`].
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM_SIV, secret).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Fails only where the system gives no random numbers.
    pub(crate) fn seal(&self, header: &[u8], bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce)?;
        let body_at = header.len() + NONCE_LEN;
        // With room for all of it: a buffer that grows would leave the plain bytes behind.
        let mut sealed = Vec::with_capacity(body_at + plain.len() + AES_256_GCM_SIV.tag_len());
        sealed.extend_from_slice(header);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(bound), &mut sealed[body_at..])?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made with a header of this length and the same bound bytes.
    pub(crate) fn open(
        &self,
        header_len: usize,
        bound: &[u8],
        mut sealed: Vec<u8>,
    ) -> Result<Vec<u8>, Unspecified> {
        let body_at = header_len + NONCE_LEN;
        let nonce = sealed.get(header_len..body_at).ok_or(Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let plain_len = self.0.open_in_place(nonce, Aad::from(bound), &mut sealed[body_at..])?.len();
        sealed.drain(..body_at);
        sealed.truncate(plain_len);
        Ok(sealed)
    }
}
