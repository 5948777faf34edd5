//! Puts the token on outgoing requests, over HTTP and gRPC alike.

use std::{
    error::Error,
    task::{Context, Poll},
};

use futures::{
    TryFutureExt,
    future::{Either, ErrInto, Ready, ready},
};
use http::{HeaderMap, HeaderValue, Request};
use secrecy::ExposeSecret;
use tower::{Layer, Service};

use prosopa_model::Principal;

use super::{PROSOPA_PRINCIPAL, PrincipalSigner};

type BoxError = Box<dyn Error + Send + Sync>;

/// Signs the principal among a request's extensions for the service that is called.
///
/// A request without one goes without a token, whatever header it brought along.
#[derive(Debug, Clone)]
pub struct SignPrincipal {
    signer: PrincipalSigner,
    audience: &'static str,
}

/// The client behind [`SignPrincipal`].
#[derive(Debug, Clone)]
pub struct SignPrincipalService<S> {
    inner: S,
    rule: SignPrincipal,
}

impl SignPrincipal {
    /// For calls of the service of the name `audience`.
    pub const fn new(signer: PrincipalSigner, audience: &'static str) -> Self {
        Self { signer, audience }
    }

    fn put(&self, principal: Option<Principal>, headers: &mut HeaderMap) -> Result<(), BoxError> {
        headers.remove(PROSOPA_PRINCIPAL);
        if let Some(principal) = principal {
            let token = self.signer.sign(&principal, self.audience)?;
            let mut value = HeaderValue::try_from(token.expose_secret())?;
            // Kept out of logs, and of the tables of HPACK.
            value.set_sensitive(true);
            headers.insert(PROSOPA_PRINCIPAL, value);
        }
        Ok(())
    }
}

impl<S> Layer<S> for SignPrincipal {
    type Service = SignPrincipalService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SignPrincipalService { inner, rule: self.clone() }
    }
}

impl<S, B> Service<Request<B>> for SignPrincipalService<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Either<ErrInto<S::Future, BoxError>, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(ctx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let principal = request.extensions_mut().remove::<Principal>();
        match self.rule.put(principal, request.headers_mut()) {
            Ok(()) => Either::Left(self.inner.call(request).err_into()),
            Err(error) => Either::Right(ready(Err(error))),
        }
    }
}
