//! A request for a token as it lies in the queue: sealed, since it names a person and holds the token.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use prosopa_model::Timestamp;
use prosopa_vault::Keyring;

use crate::error::Error;

/// Somebody's wish to set a new password.
pub(super) struct ResetRequest {
    /// The address in the form in which users are found by it.
    pub(super) email_key: String,
    /// Made before it is known whether there is anybody to send it to.
    pub(super) token: SecretString,
    pub(super) requested_at: Timestamp,
}

/// What lies in the queue: a random id, then this, sealed for it.
#[derive(Serialize, Deserialize)]
struct Queued<'a> {
    email_key: Cow<'a, str>,
    token: Cow<'a, str>,
    requested_at_us: i64,
}

impl ResetRequest {
    /// The form for the queue.
    pub(super) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, Error> {
        let queued = Queued {
            email_key: self.email_key.as_str().into(),
            token: self.token.expose_secret().into(),
            requested_at_us: self.requested_at.micros(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&queued).map_err(Error::Queued)?);
        let id = Uuid::new_v4();
        let mut input = id.as_bytes().to_vec();
        input.extend(keyring.seal(&context(id), &plain)?);
        Ok(input)
    }

    /// What was put into the queue.
    pub(super) fn open(keyring: &Keyring, input: &[u8]) -> Result<Self, Error> {
        let (id, sealed) = input.split_first_chunk::<16>().ok_or(Error::NotFound)?;
        let plain = keyring.open(&context(Uuid::from_bytes(*id)), sealed.to_vec());
        let plain = Zeroizing::new(plain.map_err(Error::OpenQueued)?);
        let queued: Queued<'_> = serde_json::from_slice(&plain).map_err(Error::Queued)?;
        Ok(Self {
            email_key: queued.email_key.into_owned(),
            token: queued.token.into_owned().into(),
            requested_at: Timestamp::from_micros(queued.requested_at_us),
        })
    }
}

fn context(id: Uuid) -> String {
    format!("auth/password-reset/{id}")
}
