//! gRPC adapters: [`VerifierClient`] asks a verifier elsewhere, [`serve_verifier`] offers a local one.
//!
//! Every [`VerifyError`] and [`CookieError`] crosses the wire whole: its variant travels in trailing metadata. A status without it, such as one
//! of a layer in between, says nothing about the credential. The credential is in the message only: neither in metadata
//! nor in any error.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use prost::Message;
use secrecy::{ExposeSecret, SecretString};
use tonic::{Code, Request, Response, Status, transport::Channel};

use prosopa_model::{Principal, Timestamp};

use super::{CookieError, CookieWish, PresentedCookie, Verified, Verifier, VerifyError};
use crate::{
    auth_messages::{
        MESSAGE_BYTES_MAX, StillHoldsRequest, StillHoldsResponse, VerifyCertificateRequest,
        VerifyCookieRequest, VerifyRequest, VerifyResponse, read_principal, verifier_client, verifier_server,
        write_principal,
    },
    calls::{ask, describe, name_of, named},
};

/// A verifier behind gRPC.
#[derive(Clone)]
pub struct VerifierClient {
    inner: verifier_client::VerifierClient<Channel>,
}

impl VerifierClient {
    /// Wraps a channel; the channel decides about TLS and reconnecting. An answer is waited for two seconds.
    pub fn new(channel: Channel) -> Self {
        let inner = verifier_client::VerifierClient::new(channel)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner }
    }
}

#[async_trait]
impl Verifier for VerifierClient {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        Ok(self.examine(credential).await?.principal)
    }

    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        if credential.expose_secret().len() > MESSAGE_BYTES_MAX / 2 {
            return Err(VerifyError::Invalid);
        }
        let question = VerifyRequest { credential: credential.expose_secret().to_owned() };
        let asked = ask(question, |request| {
            let mut inner = self.inner.clone();
            async move { inner.verify(request).await }
        });
        read_verified(asked.await)
    }

    async fn examine_certificate(&self, fingerprint: [u8; 32]) -> Result<Verified, VerifyError> {
        let question = VerifyCertificateRequest { fingerprint: Bytes::copy_from_slice(&fingerprint) };
        let asked = ask(question, |request| {
            let mut inner = self.inner.clone();
            async move { inner.verify_certificate(request).await }
        });
        read_verified(asked.await)
    }

    async fn verify_cookie(&self, cookie: PresentedCookie) -> Result<Principal, CookieError> {
        let csrf_token = match &cookie.wish {
            CookieWish::Read => None,
            CookieWish::Change { csrf_token } => Some(csrf_token.expose_secret().to_owned()),
        };
        let request = VerifyCookieRequest { secret: cookie.secret.expose_secret().to_owned(), csrf_token };
        if request.encoded_len() > MESSAGE_BYTES_MAX {
            return Err(CookieError::Invalid);
        }
        let asked = ask(request, |request| {
            let mut inner = self.inner.clone();
            async move { inner.verify_cookie(request).await }
        });
        let answer = asked.await.map_err(|status| read_cookie_error(&status))?.into_inner();
        let not_understood =
            || CookieError::Unavailable { detail: "the answer is not understood".to_owned() };
        answer.principal.as_ref().and_then(read_principal).ok_or_else(not_understood)
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError> {
        let question = StillHoldsRequest { principal: Some(write_principal(principal)) };
        let asked = ask(question, |request| {
            let mut inner = self.inner.clone();
            async move { inner.still_holds(request).await }
        });
        let answer = asked.await.map_err(|status| read_error(&status))?;
        Ok(answer.into_inner().still_holds)
    }
}

/// Offers `verifier` as a gRPC service to mount behind the internal listener.
pub fn serve_verifier(
    verifier: Arc<dyn Verifier>,
) -> verifier_server::VerifierServer<impl verifier_server::Verifier> {
    verifier_server::VerifierServer::new(Adapter(verifier))
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
}

struct Adapter(Arc<dyn Verifier>);

#[async_trait]
impl verifier_server::Verifier for Adapter {
    async fn verify(&self, request: Request<VerifyRequest>) -> Result<Response<VerifyResponse>, Status> {
        let credential = SecretString::from(request.into_inner().credential);
        let verified = self.0.examine(credential).await.map_err(|error| write_error(&error))?;
        Ok(write_verified(&verified))
    }

    async fn verify_certificate(
        &self,
        request: Request<VerifyCertificateRequest>,
    ) -> Result<Response<VerifyResponse>, Status> {
        // What has another length is no certificate's.
        let fingerprint = <[u8; 32]>::try_from(&request.into_inner().fingerprint[..]);
        let fingerprint = fingerprint.map_err(|_| write_error(&VerifyError::Invalid))?;
        let verified = self.0.examine_certificate(fingerprint).await.map_err(|error| write_error(&error))?;
        Ok(write_verified(&verified))
    }

    async fn verify_cookie(
        &self,
        request: Request<VerifyCookieRequest>,
    ) -> Result<Response<VerifyResponse>, Status> {
        let request = request.into_inner();
        let change = |token: String| CookieWish::Change { csrf_token: token.into() };
        let wish = request.csrf_token.map_or(CookieWish::Read, change);
        let cookie = PresentedCookie { secret: request.secret.into(), wish };
        let principal = self.0.verify_cookie(cookie).await.map_err(|error| write_cookie_error(&error))?;
        Ok(Response::new(VerifyResponse { principal: Some(write_principal(&principal)), valid_until: None }))
    }

    async fn still_holds(
        &self,
        request: Request<StillHoldsRequest>,
    ) -> Result<Response<StillHoldsResponse>, Status> {
        let principal = request.into_inner().principal;
        let principal = principal.as_ref().and_then(read_principal);
        let principal =
            principal.ok_or_else(|| Status::invalid_argument("the principal is not understood"))?;
        let still_holds = self.0.still_holds(&principal).await.map_err(|error| write_error(&error))?;
        Ok(Response::new(StillHoldsResponse { still_holds }))
    }
}

fn write_verified(verified: &Verified) -> Response<VerifyResponse> {
    Response::new(VerifyResponse {
        principal: Some(write_principal(&verified.principal)),
        valid_until: verified.valid_until.map(Timestamp::micros),
    })
}

fn read_verified(answer: Result<Response<VerifyResponse>, Status>) -> Result<Verified, VerifyError> {
    let answer = answer.map_err(|status| read_error(&status))?.into_inner();
    let principal = answer.principal.as_ref().and_then(read_principal);
    let not_understood = || VerifyError::Unavailable { detail: "the answer is not understood".to_owned() };
    Ok(Verified {
        principal: principal.ok_or_else(not_understood)?,
        valid_until: answer.valid_until.map(Timestamp::from_micros),
    })
}

fn write_error(error: &VerifyError) -> Status {
    let (code, name, detail) = match error {
        VerifyError::Invalid => (Code::Unauthenticated, "invalid", String::new()),
        VerifyError::Expired => (Code::Unauthenticated, "expired", String::new()),
        VerifyError::Unavailable { detail } => (Code::Unavailable, "unavailable", detail.clone()),
    };
    named(code, name, detail)
}

fn write_cookie_error(error: &CookieError) -> Status {
    let (code, name, detail) = match error {
        CookieError::Invalid => (Code::Unauthenticated, "invalid", String::new()),
        CookieError::Forged => (Code::PermissionDenied, "forged", String::new()),
        CookieError::Unavailable { detail } => (Code::Unavailable, "unavailable", detail.clone()),
    };
    named(code, name, detail)
}

fn read_cookie_error(status: &Status) -> CookieError {
    match name_of(status) {
        Some(b"invalid") => CookieError::Invalid,
        Some(b"forged") => CookieError::Forged,
        Some(b"unavailable") => CookieError::Unavailable { detail: status.message().to_owned() },
        _ => CookieError::Unavailable { detail: describe(status) },
    }
}

fn read_error(status: &Status) -> VerifyError {
    match name_of(status) {
        Some(b"invalid") => VerifyError::Invalid,
        Some(b"expired") => VerifyError::Expired,
        Some(b"unavailable") => VerifyError::Unavailable { detail: status.message().to_owned() },
        _ => VerifyError::Unavailable { detail: describe(status) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N10: callers cannot tell a local verifier from a remote one, not even by its errors.
    #[test]
    fn every_error_survives_the_wire() {
        let errors =
            [VerifyError::Invalid, VerifyError::Expired, VerifyError::Unavailable { detail: "x".into() }];
        for error in errors {
            assert_eq!(read_error(&write_error(&error)), error);
        }
        let errors =
            [CookieError::Invalid, CookieError::Forged, CookieError::Unavailable { detail: "x".into() }];
        for error in errors {
            assert_eq!(read_cookie_error(&write_cookie_error(&error)), error);
        }
    }

    /// A layer that refuses the calling process must not look like a caller with a wrong credential.
    #[test]
    fn what_another_says_is_no_judgement_of_the_credential() {
        let status = Status::unauthenticated("the principal token is not valid");
        assert!(matches!(read_error(&status), VerifyError::Unavailable { .. }));
        assert!(matches!(read_cookie_error(&status), CookieError::Unavailable { .. }));
    }
}
