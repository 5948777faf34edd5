//! What somebody registers with, and how it lies in the queue: sealed, since it holds a password.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use prosopa_model::RegistrationId;
use prosopa_vault::Keyring;

use crate::error::Error;

/// What somebody registers with, unchecked.
pub(crate) struct Registration {
    pub(crate) user_name: String,
    pub(crate) email: String,
    pub(crate) password: SecretString,
    /// Metered requests a day.
    pub(crate) api_request_quota: Option<u64>,
}

/// What lies in the queue of a registration: its id, then this, sealed for it.
#[derive(Serialize, Deserialize)]
struct Queued<'a> {
    user_name: Cow<'a, str>,
    email: Cow<'a, str>,
    password: Cow<'a, str>,
    api_request_quota: Option<u64>,
}

impl Registration {
    /// The form for the queue.
    pub(super) fn seal(&self, keyring: &Keyring, id: RegistrationId) -> Result<Vec<u8>, Error> {
        let queued = Queued {
            user_name: self.user_name.as_str().into(),
            email: self.email.as_str().into(),
            password: self.password.expose_secret().into(),
            api_request_quota: self.api_request_quota,
        };
        let plain = Zeroizing::new(serde_json::to_vec(&queued).map_err(Error::Queued)?);
        let mut input = id.uuid().as_bytes().to_vec();
        input.extend(keyring.seal(&context(id), &plain)?);
        Ok(input)
    }

    /// What was put into the queue.
    pub(super) fn open(keyring: &Keyring, input: &[u8]) -> Result<Self, Error> {
        let (id, sealed) = input.split_first_chunk::<16>().ok_or(Error::NotFound)?;
        let id = RegistrationId::from_uuid(uuid::Uuid::from_bytes(*id));
        let plain = keyring.open(&context(id), sealed.to_vec()).map_err(Error::OpenQueued)?;
        let plain = Zeroizing::new(plain);
        let queued: Queued<'_> = serde_json::from_slice(&plain).map_err(Error::Queued)?;
        Ok(Self {
            user_name: queued.user_name.into_owned(),
            email: queued.email.into_owned(),
            password: queued.password.into_owned().into(),
            api_request_quota: queued.api_request_quota,
        })
    }
}

fn context(id: RegistrationId) -> String {
    format!("auth/registration/{id}")
}
