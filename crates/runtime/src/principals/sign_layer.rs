//! Puts the token on outgoing requests, over HTTP and gRPC alike.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    TryFutureExt,
    future::{Either, ErrInto, Ready, ready},
};
use http::{HeaderMap, HeaderValue, Request};
use secrecy::ExposeSecret;
use tower::{Layer, Service};

use prosopa_model::{Principal, QuotaSnapshot};

use super::{
    PROSOPA_PRINCIPAL, PrincipalSigner, SignError,
    signed::SignedTokens,
    token::{LEN_MAX, PROSOPA_QUOTA},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// Signs the principal among a request's extensions for the service that is called.
///
/// A request without one goes without a token, whatever header it brought along. The token of a principal is used again
/// for half of its life; the quota, which changes with each request, travels beside it. Clones share their tokens.
#[derive(Clone)]
pub struct SignPrincipal {
    signer: PrincipalSigner,
    audience: &'static str,
    tokens: Arc<SignedTokens>,
}

/// The client behind [`SignPrincipal`].
#[derive(Debug, Clone)]
pub struct SignPrincipalService<S> {
    inner: S,
    rule: SignPrincipal,
}

impl SignPrincipal {
    /// For calls of the service of the name `audience`.
    pub fn new(signer: PrincipalSigner, audience: &'static str) -> Self {
        Self { signer, audience, tokens: Arc::default() }
    }

    /// Takes the principal out of a request's extensions and puts its token, if there is one, into the headers.
    pub fn sign<B>(&self, request: &mut Request<B>) -> Result<(), BoxError> {
        let principal = request.extensions_mut().remove::<Principal>();
        self.put(principal, request.headers_mut())
    }

    fn put(&self, principal: Option<Principal>, headers: &mut HeaderMap) -> Result<(), BoxError> {
        headers.remove(PROSOPA_PRINCIPAL);
        headers.remove(PROSOPA_QUOTA);
        let Some(mut principal) = principal else { return Ok(()) };
        if let Some(quota) = principal.quota.take() {
            headers.insert(PROSOPA_QUOTA, write_quota(&quota)?);
        }
        headers.insert(PROSOPA_PRINCIPAL, self.token(principal)?);
        Ok(())
    }

    fn token(&self, principal: Principal) -> Result<HeaderValue, BoxError> {
        let now = self.signer.now();
        if let Some(token) = self.tokens.find(&principal, now) {
            return Ok(token);
        }
        let token = self.signer.sign(&principal, self.audience)?;
        let mut value = HeaderValue::try_from(token.expose_secret())?;
        // Kept out of logs, and of the tables of HPACK.
        value.set_sensitive(true);
        self.tokens.keep(principal, value.clone(), now);
        Ok(value)
    }
}

fn write_quota(quota: &QuotaSnapshot) -> Result<HeaderValue, BoxError> {
    let text = serde_json::to_vec(quota)?;
    if text.len() > LEN_MAX {
        return Err(SignError::TooLong { len: text.len() }.into());
    }
    let mut value = HeaderValue::try_from(text)?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for SignPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignPrincipal").field("audience", &self.audience).finish_non_exhaustive()
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
        match self.rule.sign(&mut request) {
            Ok(()) => Either::Left(self.inner.call(request).err_into()),
            Err(error) => Either::Right(ready(Err(error))),
        }
    }
}
