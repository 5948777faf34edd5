//! Reads tokens, strictly: what [`PrincipalSigner`](super::PrincipalSigner) would not have made is refused.

use jsonwebtoken::{DecodingKey, TokenData, Validation, decode, decode_header, errors::ErrorKind};

use prosopa_model::{Principal, Timestamp};

use super::{
    PrincipalKeys, PrincipalPublicKeys,
    token::{ALGORITHM, Claims, ISSUER, LEEWAY_SECONDS, LEN_MAX, LIFE_SECONDS, header_of},
};

/// Knows genuine principals. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PrincipalVerifier {
    keys: Keys,
}

#[derive(Debug, Clone)]
enum Keys {
    Own(PrincipalKeys),
    Public(PrincipalPublicKeys),
}

/// Why a token is not believed; for the log, no caller learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// More bytes than any genuine one has.
    #[error("it is longer than {LEN_MAX} bytes")]
    TooLong,
    /// It is no token of this form, or its header says more than a genuine one does.
    #[error("it has not the form of a principal token")]
    Malformed,
    /// Its key is not known here.
    #[error("its key is not known")]
    UnknownKey,
    /// Its signature is of somebody or something else.
    #[error("its signature does not fit")]
    Signature,
    /// It was made by somebody else.
    #[error("it has another issuer")]
    Issuer,
    /// It was made for another service.
    #[error("it is for another service")]
    Audience,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// It would live longer than any genuine one.
    #[error("it lives longer than 60 seconds")]
    LivesTooLong,
    /// A request carries several.
    #[error("there is more than one")]
    Several,
}

impl PrincipalVerifier {
    /// Verifies with the deployment's own keys.
    pub const fn new(keys: PrincipalKeys) -> Self {
        Self { keys: Keys::Own(keys) }
    }

    /// Verifies with public keys.
    pub const fn with_public_keys(keys: PrincipalPublicKeys) -> Self {
        Self { keys: Keys::Public(keys) }
    }

    /// Whom the token names, if it was made for the service `audience` and may be used at `now`, give or take 5
    /// seconds.
    pub fn verify(&self, token: &str, audience: &str, now: Timestamp) -> Result<Principal, TokenError> {
        if token.len() > LEN_MAX {
            return Err(TokenError::TooLong);
        }
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let kid = header.kid.as_deref().ok_or(TokenError::Malformed)?;
        // Another algorithm, type or any addition: nobody who signs principals wrote it.
        if header != header_of(kid) {
            return Err(TokenError::Malformed);
        }
        let key = self.find(kid, now).ok_or(TokenError::UnknownKey)?;
        let TokenData { claims, .. } = decode::<Claims<Principal>>(token, &key, &validation(audience))
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                ErrorKind::InvalidIssuer => TokenError::Issuer,
                ErrorKind::InvalidAudience => TokenError::Audience,
                _ => TokenError::Malformed,
            })?;
        check_times(&claims, now)?;
        Ok(claims.principal)
    }

    fn find(&self, kid: &str, now: Timestamp) -> Option<DecodingKey> {
        match &self.keys {
            Keys::Own(keys) => keys.find(kid, now),
            Keys::Public(keys) => keys.find(kid, now),
        }
    }
}

fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(ALGORITHM);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
    // The library would ask the system for the time; the caller knows it.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn check_times<P>(claims: &Claims<P>, now: Timestamp) -> Result<(), TokenError> {
    let now = now.seconds();
    // The bound holds from whichever of the two beginnings comes first.
    if claims.exp.saturating_sub(claims.iat.min(claims.nbf)) > LIFE_SECONDS {
        return Err(TokenError::LivesTooLong);
    }
    if claims.iat.max(claims.nbf) > now.saturating_add(LEEWAY_SECONDS) {
        return Err(TokenError::NotYetValid);
    }
    if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(TokenError::Expired);
    }
    Ok(())
}
