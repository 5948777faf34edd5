//! Callers who are known by the session cookie of a browser (R8).

use axum::extract::Request;
use secrecy::SecretString;

use prosopa_contract::verifier::{CookieError, CookieWish, PresentedCookie};
use prosopa_http::cookies::{SESSION_COOKIE, Transport};
use prosopa_model::Principal;
use prosopa_runtime::{ClientCertificate, Network};

use super::Edge;
use crate::{
    authentication::{Presented, take_credential},
    error::Refusal,
    exchange::Exchange,
    routes::Route,
};

impl Edge {
    /// Takes what tells who calls, so that no service sees it: a token or key, or else the session cookie, or else
    /// the certificate of the connection.
    pub(super) fn take_presented(&self, request: &mut Request) -> Result<Presented, Refusal> {
        let transport = Transport::of(request.uri(), request.headers());
        let cookie = SESSION_COOKIE.take(transport, request.headers_mut());
        let credential = take_credential(request.headers_mut())?;
        match (credential, cookie) {
            (Some(credential), Ok(None)) => Ok(Presented::Credential(credential)),
            (None, Ok(Some(secret))) => Ok(Presented::Cookie { secret, wish: self.sites.judge(request)? }),
            (None, Ok(None)) => self.take_certificate(request),
            (Some(_), Ok(Some(_))) => {
                Err(Refusal::Malformed("send the session cookie or a credential, not both"))
            }
            (_, Err(_)) => Err(Refusal::Malformed("the session cookie is sent twice")),
        }
    }

    /// The certificate of the connection, which counts where nothing else tells who calls. Browsers show certificates
    /// unasked, so that one from a page of another site is nobody's.
    fn take_certificate(&self, request: &mut Request) -> Result<Presented, Refusal> {
        let certificate = request.extensions_mut().remove::<ClientCertificate>();
        let certificate = certificate.ok_or(Refusal::Unauthenticated)?;
        self.sites.refuse_foreign(request)?;
        Ok(Presented::Certificate(certificate.fingerprint))
    }

    /// Keeps the session cookie from an operation that asks for no credentials, and other sites from one that gives some.
    pub(super) fn pass_stranger(&self, route: &Route, request: &mut Request) -> Result<(), Refusal> {
        let transport = Transport::of(request.uri(), request.headers());
        // Two of them are as little looked at as one.
        let _ = SESSION_COOKIE.take(transport, request.headers_mut());
        if route.is_same_origin { self.sites.refuse_foreign(request) } else { Ok(()) }
    }

    /// Who calls by a cookie that may be used for what is wished, as far as the browser says.
    pub(super) async fn authenticate_browser(
        &self,
        route: &Route,
        secret: SecretString,
        wish: CookieWish,
        network: Network,
        exchange: &mut Exchange<'_>,
    ) -> Result<Principal, Refusal> {
        let error = match self.verifier.verify_cookie(PresentedCookie { secret, wish }).await {
            Ok(principal) => return Ok(principal),
            Err(error) => error,
        };
        Err(match error {
            CookieError::Invalid => self.refuse_guess(network, exchange, Refusal::Unauthenticated).await,
            CookieError::Forged => {
                tracing::debug!(operation = route.name, "a CSRF token is not that of the session");
                Refusal::Forged("X-CSRF-Token is not that of the session")
            }
            CookieError::Unavailable { detail } => Refusal::VerifierLost(detail),
        })
    }
}
