//! Operations beside their handlers: the one place where a service declares its routes.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    routing::{MethodFilter, MethodRouter, on},
};
use http::Method;

use crate::Operation;

/// A service's operations with their handlers, over the state `S`.
pub struct Endpoints<S> {
    operations: Vec<Operation>,
    router: Router<S>,
}

impl<S: Clone + Send + Sync + 'static> Endpoints<S> {
    /// None yet.
    pub fn new() -> Self {
        Self { operations: Vec::new(), router: Router::new() }
    }

    /// Adds a route. The body limit is enforced here too, for services that run behind no gateway.
    #[must_use]
    pub fn add<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let filter = method_filter(&operation.method);
        let route: MethodRouter<S> =
            on(filter, handler).layer(DefaultBodyLimit::max(operation.body_bytes_max));
        self.router = self.router.route(operation.path, route);
        self.operations.push(operation);
        self
    }

    /// Adds another resource's routes.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.operations.extend(other.operations);
        self.router = self.router.merge(other.router);
        self
    }

    /// Keeps the bodies of all these operations, both ways, out of every log.
    #[must_use]
    pub fn secret_content(mut self) -> Self {
        for operation in &mut self.operations {
            operation.has_secret_content = true;
        }
        self
    }

    /// The table alone, for whoever needs no handlers.
    pub fn into_operations(self) -> Vec<Operation> {
        self.operations
    }

    /// The routes over `state`.
    pub fn into_router(self, state: S) -> Router {
        self.router.with_state(state)
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Endpoints<S> {
    fn default() -> Self {
        Self::new()
    }
}

fn method_filter(method: &Method) -> MethodFilter {
    // The constructors of `Operation` make no other methods.
    match *method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}
