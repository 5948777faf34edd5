//! Makes tokens.

use std::{fmt, sync::Arc};

use jsonwebtoken::encode;
use secrecy::SecretString;
use uuid::Uuid;

use prosopa_model::{Clock, Principal, Timestamp};

use super::{
    PrincipalKeys,
    token::{Claims, ISSUER, LEN_MAX, LIFE_SECONDS, header_of},
};

/// Signs principals for other processes. Cheap to clone.
#[derive(Clone)]
pub struct PrincipalSigner {
    keys: PrincipalKeys,
    clock: Arc<dyn Clock>,
}

/// A principal cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The signature failed.
    #[error("a principal cannot be signed")]
    Signature(#[from] jsonwebtoken::errors::Error),
    /// No service would read it.
    #[error("a principal needs a token or quota of {len} bytes, more than {LEN_MAX}")]
    TooLong {
        /// Bytes of the token or of the quota.
        len: usize,
    },
}

impl PrincipalSigner {
    /// Signs with the first of these keys.
    pub fn new(keys: PrincipalKeys, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// A token that lets the service `audience` act for `principal` within the next 60 seconds.
    ///
    /// Each call makes another one.
    pub fn sign(&self, principal: &Principal, audience: &str) -> Result<SecretString, SignError> {
        let now = self.clock.now();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: audience.to_owned(),
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: now.seconds().saturating_add(LIFE_SECONDS),
            jti: Uuid::new_v4(),
            principal,
        };
        let keys = self.keys.signing(now);
        let token = encode(&header_of(&keys.kid), &claims, &keys.signs_with)?;
        if token.len() > LEN_MAX {
            return Err(SignError::TooLong { len: token.len() });
        }
        Ok(token.into())
    }
}

impl PrincipalSigner {
    /// The time by which tokens are made.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for PrincipalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalSigner").field("keys", &self.keys).finish_non_exhaustive()
    }
}
