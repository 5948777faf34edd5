//! Whether an ID token is to be believed (`OpenID` Connect Core 1.0, section 3.1.3.7).

use std::collections::HashSet;

use jsonwebtoken::{Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use prosopa_model::Timestamp;

use super::{Provider, exchange::ExchangeError};

/// Longest ID token, bytes.
const LEN_MAX: usize = 16 * 1024;

/// Longest name of a person with the provider, characters (section 2).
const SUBJECT_LEN_MAX: usize = 255;

/// How far the provider's clock and ours may differ, seconds.
const SKEW_SECONDS: i64 = 60;

/// Oldest token, seconds: it was made for this very sign-in.
const AGE_SECONDS_MAX: i64 = 10 * 60;

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdTokenError {
    /// It is no token, or signed in another way than the provider's keys are for.
    #[error("it is no token that the provider's keys are for")]
    Malformed,
    /// No key of the provider is named by it.
    #[error("it is signed with no key of the provider")]
    UnknownKey,
    /// The signature is wrong, or a claim is missing.
    #[error("its signature or its claims are wrong")]
    Unsigned,
    /// Another party issued it.
    #[error("it is another issuer's")]
    Issuer,
    /// It is meant for somebody else.
    #[error("it is for somebody else")]
    Audience,
    /// It is too old, or of the future.
    #[error("it is not of this time")]
    Time,
    /// It belongs to another sign-in.
    #[error("it is of another sign-in")]
    Nonce,
    /// It names nobody.
    #[error("it names nobody")]
    Subject,
}

/// What an ID token says. Times are seconds since 1970.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    pub(super) sub: String,
    #[serde(flatten)]
    pub(super) profile: Profile,
}

/// Who the person is, as far as the provider tells.
#[derive(Default, Clone, Deserialize)]
pub(crate) struct Profile {
    pub(crate) email: Option<String>,
    /// Whether the provider knows that the person reads mail to it. Anything but `true` is no.
    #[serde(default, deserialize_with = "true_or_not")]
    pub(crate) email_verified: bool,
    pub(crate) preferred_username: Option<String>,
}

fn true_or_not<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| value == serde_json::Value::Bool(true))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Whether it is this client and nobody else: no other party is trusted with tokens for us.
    fn is_only(&self, client_id: &str) -> bool {
        match self {
            Self::One(one) => one == client_id,
            Self::Several(several) => several.len() == 1 && several.iter().all(|one| one == client_id),
        }
    }
}

impl Provider {
    /// Checks a token; `nonce` is that of the sign-in.
    pub(super) async fn check_id_token(
        &self,
        token: &SecretString,
        nonce: &str,
    ) -> Result<Claims, ExchangeError> {
        let token = token.expose_secret();
        if token.len() > LEN_MAX {
            return Err(IdTokenError::Malformed.into());
        }
        let header = decode_header(token).map_err(|_| IdTokenError::Malformed)?;
        let key = self.find_key(header.kid.as_deref()).await?;
        let key = key.ok_or(IdTokenError::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(IdTokenError::Malformed.into());
        }
        let mut validation = Validation::new(key.algorithm);
        // The library would ask the system for the time, and take any of several audiences; both are checked below.
        validation.required_spec_claims = HashSet::new();
        (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
        let claims =
            decode::<Claims>(token, &key.key, &validation).map_err(|_| IdTokenError::Unsigned)?.claims;
        self.check_claims(&claims, nonce, self.clock.now())?;
        Ok(claims)
    }

    fn check_claims(&self, claims: &Claims, nonce: &str, now: Timestamp) -> Result<(), IdTokenError> {
        let client_id = &self.config.client_id;
        if claims.iss != self.config.issuer {
            return Err(IdTokenError::Issuer);
        }
        if !claims.aud.is_only(client_id) || claims.azp.as_ref().is_some_and(|party| party != client_id) {
            return Err(IdTokenError::Audience);
        }
        let now = now.seconds();
        let (soon, just_now) = (now + SKEW_SECONDS, now - SKEW_SECONDS);
        let is_of_now = claims.exp > just_now
            && claims.iat <= soon
            && claims.iat >= just_now - AGE_SECONDS_MAX
            && claims.nbf.is_none_or(|from| from <= soon);
        if !is_of_now {
            return Err(IdTokenError::Time);
        }
        let is_asked_for =
            claims.nonce.as_ref().is_some_and(|given| bool::from(given.as_bytes().ct_eq(nonce.as_bytes())));
        if !is_asked_for {
            return Err(IdTokenError::Nonce);
        }
        let is_name = !claims.sub.is_empty() && claims.sub.len() <= SUBJECT_LEN_MAX && claims.sub.is_ascii();
        if is_name { Ok(()) } else { Err(IdTokenError::Subject) }
    }
}
