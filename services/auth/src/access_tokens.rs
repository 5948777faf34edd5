//! Access tokens: JWT (RFC 7519, RFC 8725) signed with Ed25519, of short life, bound to a session.

use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use prosopa_contract::verifier::VerifyError;
use prosopa_model::{SessionId, Timestamp, UserId};

use crate::{
    config::Config,
    error::Error,
    signing_keys::{SigningKey, SigningKeys},
};

/// No token of ours is longer, bytes.
const LEN_MAX: usize = 2_048;

/// The one algorithm: it belongs to the key, whatever a token's header says.
const ALGORITHM: Algorithm = Algorithm::EdDSA;

/// What an access token says. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) jti: Uuid,
}

impl SigningKey {
    /// Signs an access token.
    pub(crate) fn sign(
        &self,
        config: &Config,
        user_id: UserId,
        session_id: SessionId,
        now: Timestamp,
    ) -> Result<SecretString, Error> {
        let claims = Claims {
            iss: config.issuer.clone(),
            aud: config.audience.clone(),
            sub: user_id,
            sid: session_id,
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: now.after(config.access_token_life()).seconds(),
            jti: Uuid::new_v4(),
        };
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(ALGORITHM) };
        let token = encode(&header, &claims, &self.signs_with).map_err(Error::Signing)?;
        Ok(token.into())
    }
}

/// When a token of these claims is first refused for its age.
pub(crate) fn valid_until(config: &Config, claims: &Claims) -> Timestamp {
    let leeway = i64::try_from(config.clock_leeway_seconds).unwrap_or(0);
    Timestamp::from_micros(claims.exp.saturating_add(leeway).saturating_mul(1_000_000))
}

/// Checks a token's signature, issuer, audience and times. Whether its session still lives is not known here.
pub(crate) fn check(
    config: &Config,
    keys: &SigningKeys,
    token: &SecretString,
    now: Timestamp,
) -> Result<Claims, VerifyError> {
    let token = token.expose_secret();
    if token.len() > LEN_MAX {
        return Err(VerifyError::Invalid);
    }
    let header = decode_header(token).map_err(|_| VerifyError::Invalid)?;
    let key = header.kid.and_then(|kid| keys.find(&kid, now)).ok_or(VerifyError::Invalid)?;
    let mut validation = Validation::new(ALGORITHM);
    validation.set_issuer(&[&config.issuer]);
    validation.set_audience(&[&config.audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    // The library would ask the system for the time; the clock is asked below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims =
        decode::<Claims>(token, &key.verifies_with, &validation).map_err(|_| VerifyError::Invalid)?.claims;
    let leeway = i64::try_from(config.clock_leeway_seconds).unwrap_or(0);
    if claims.nbf > now.seconds().saturating_add(leeway) {
        return Err(VerifyError::Invalid);
    }
    if valid_until(config, &claims) <= now {
        return Err(VerifyError::Expired);
    }
    Ok(claims)
}
