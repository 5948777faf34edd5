//! Takes the token off a request and leaves the principal instead; one layer for HTTP and gRPC.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::response::{IntoResponse, Response};
use futures::{
    TryFutureExt,
    future::{Either, MapOk, Ready, ready},
};
use http::{HeaderMap, HeaderValue, Request, header};
use tonic::Status;
use tower::{Layer, Service};

use prosopa_model::{Clock, Principal};
use prosopa_problem::{Code, Problem};

use super::{
    PROSOPA_PRINCIPAL, PrincipalVerifier, TokenError,
    token::{LEN_MAX, PROSOPA_QUOTA},
};

/// Lets requests with a genuine token for one service pass as their principal, and those without one as nobody.
///
/// The quota beside a token is the principal's: it allows nothing, so that it needs no signature.
///
/// The principal is then among the request's extensions, where [`Caller`](prosopa_http::Caller) finds it; the token is
/// gone. A principal that was there before is gone as well. A token that is not believed is refused: 401 with a problem
/// document and the header [`PROSOPA_PRINCIPAL`], over gRPC the status `UNAUTHENTICATED`.
#[derive(Clone)]
pub struct VerifyPrincipal {
    verifier: PrincipalVerifier,
    audience: &'static str,
    clock: Arc<dyn Clock>,
}

/// The service behind [`VerifyPrincipal`].
#[derive(Clone)]
pub struct VerifyPrincipalService<S> {
    inner: S,
    rule: VerifyPrincipal,
}

impl VerifyPrincipal {
    /// For the service of the name `audience`.
    pub fn new(verifier: PrincipalVerifier, audience: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { verifier, audience, clock }
    }

    /// Whom the headers name; takes the token and the quota out of them.
    fn take(&self, headers: &mut HeaderMap) -> Result<Option<Principal>, TokenError> {
        let quota = headers.remove(PROSOPA_QUOTA).filter(|quota| quota.len() <= LEN_MAX);
        let header::Entry::Occupied(entry) = headers.entry(PROSOPA_PRINCIPAL) else { return Ok(None) };
        let (_, mut values) = entry.remove_entry_mult();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(TokenError::Several);
        }
        let token = value.to_str().map_err(|_| TokenError::Malformed)?;
        let mut principal = self.verifier.verify(token, self.audience, self.clock.now())?;
        if let Some(quota) = quota {
            principal.quota = serde_json::from_slice(quota.as_bytes()).map_err(|_| TokenError::Malformed)?;
        }
        Ok(Some(principal))
    }
}

impl<S> Layer<S> for VerifyPrincipal {
    type Service = VerifyPrincipalService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyPrincipalService { inner, rule: self.clone() }
    }
}

impl<S, B> Service<Request<B>> for VerifyPrincipalService<S>
where
    S: Service<Request<B>>,
    S::Response: IntoResponse,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<MapOk<S::Future, fn(S::Response) -> Response>, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(ctx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().remove::<Principal>();
        match self.rule.take(request.headers_mut()) {
            Ok(principal) => {
                if let Some(principal) = principal {
                    request.extensions_mut().insert(principal);
                }
                let into_response: fn(S::Response) -> Response = IntoResponse::into_response;
                Either::Left(self.inner.call(request).map_ok(into_response))
            }
            Err(error) => {
                tracing::warn!(service = self.rule.audience, %error, "a principal token is refused");
                Either::Right(ready(Ok(refuse(request.headers()))))
            }
        }
    }
}

fn refuse(headers: &HeaderMap) -> Response {
    if is_grpc(headers) {
        Status::unauthenticated("the principal token is not valid").into_http()
    } else {
        let mut response = Problem::new(Code::Unauthenticated).into_response();
        // Whoever has made the token is told that this is no judgement of the caller.
        response.headers_mut().insert(PROSOPA_PRINCIPAL, HeaderValue::from_static("refused"));
        response
    }
}

/// Whether a gRPC client asks: `application/grpc`, also with a message format behind it.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}
