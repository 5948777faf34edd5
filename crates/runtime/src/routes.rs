//! Routes bound to the listener they may be reached through, since that decides whom they believe.
//!
//! On the public listener nobody is a principal by what a header says, nor has another address. On the internal one a principal is whom a token
//! names that was signed for the very service, and the client is the one that the gateway names. The operators' listener has routes of its own and no others.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, map_request},
    response::{IntoResponse, Response},
};
use tonic::Status;

use prosopa_http::finish_answers;
use prosopa_model::Clock;
use prosopa_problem::{Code, Problem};

use crate::{
    hop,
    principals::{PrincipalVerifier, VerifyPrincipal, is_grpc},
};

/// What strangers may ask for. Tokens, and all else that only the product's processes tell each other, are taken off
/// every request before any route sees it.
///
/// Any router may become this, as it is the place of least trust.
pub struct PublicRoutes(Router);

/// What the product's other processes may ask for: services, each behind the verification of principals for it.
pub struct InternalRoutes {
    router: Router,
    verifier: PrincipalVerifier,
    clock: Arc<dyn Clock>,
}

impl From<Router> for PublicRoutes {
    fn from(router: Router) -> Self {
        Self(router.layer(map_request(drop_internal)))
    }
}

impl PublicRoutes {
    pub(crate) fn into_router(self) -> Router {
        self.0
    }
}

impl InternalRoutes {
    /// None yet.
    pub fn new(verifier: PrincipalVerifier, clock: Arc<dyn Clock>) -> Self {
        Self { router: Router::new(), verifier, clock }
    }

    /// Adds a service's routes, over HTTP or gRPC, for principals whose token names the service. What they answer where
    /// they have no route is left out.
    ///
    /// # Panics
    /// If a path is taken already, as routers do.
    #[must_use]
    pub fn with_service(mut self, name: &'static str, router: Router) -> Self {
        let verify = VerifyPrincipal::new(self.verifier.clone(), name, Arc::clone(&self.clock));
        self.router = self.router.merge(router.reset_fallback().layer(verify));
        self
    }

    pub(crate) fn into_router(self) -> Router {
        self.router.fallback(refuse_unknown).layer(from_fn(finish_answers)).layer(from_fn(hop::pass_context))
    }
}

async fn drop_internal(mut request: Request) -> Request {
    hop::drop_internal_headers(request.headers_mut());
    request
}

async fn refuse_unknown(request: Request) -> Response {
    if is_grpc(request.headers()) {
        Status::unimplemented("there is no such method here").into_http()
    } else {
        Problem::new(Code::NotFound).into_response()
    }
}
