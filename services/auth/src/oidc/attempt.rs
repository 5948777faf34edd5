//! A sign-in on its way, as the browser keeps it: sealed, so that nobody reads or makes one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use prosopa_model::{SessionId, UserId};
use prosopa_vault::Keyring;

use crate::error::Error;

/// What the keyring binds it to.
const CONTEXT: &str = "auth/oidc-attempt";

/// Longest text that is opened, bytes: a cookie is no longer.
const LEN_MAX: usize = 4_096;

/// The user who wants to be linked, and the session in which that was said.
pub(super) type Owner = (UserId, SessionId);

/// What is known of a sign-in between its beginning and its return.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    /// The provider that was asked.
    pub(super) provider: String,
    pub(super) state: String,
    pub(super) return_to: String,
    /// Microseconds since the epoch.
    pub(super) expires_at: i64,
    pub(super) link_to: Option<Owner>,
}

impl Attempt {
    /// The text for the cookie: letters, digits, `-` and `_`.
    pub(super) fn seal(&self, keyring: &Keyring) -> Result<SecretString, Error> {
        let plain = serde_json::to_vec(self).map_err(Error::Queued)?;
        Ok(URL_SAFE_NO_PAD.encode(keyring.seal(CONTEXT, &plain)?).into())
    }

    /// The sign-in that this process, or one with the same keyring, has sealed.
    pub(super) fn open(keyring: &Keyring, cookie: &SecretString) -> Option<Self> {
        let text = Some(cookie.expose_secret()).filter(|text| text.len() <= LEN_MAX)?;
        let plain = keyring.open(CONTEXT, URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}
