//! What pages and their browsers ask for that is no operation: files of the web application, and whether a page of another
//! site may send a request.

use axum::{extract::Request, response::Response};
use http::{HeaderMap, Method};

use prosopa_runtime::Network;

use super::{Edge, network};
use crate::{
    error::Refusal,
    exchange::Exchange,
    front::Asked,
    headers::Burst,
    metrics::{PREFLIGHT, STATIC},
    site::Site,
};

/// What a request says before its body, which is not read here.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    method: &'a Method,
    path: &'a str,
    headers: &'a HeaderMap,
    network: Network,
}

impl<'a> Head<'a> {
    /// Of a request.
    pub(super) fn of(request: &'a Request) -> Self {
        Self {
            method: request.method(),
            path: request.uri().path(),
            headers: request.headers(),
            network: network(request),
        }
    }
}

impl Edge {
    /// The answer, unless the request is for an operation.
    pub(super) async fn serve_page(
        &self,
        head: Head<'_>,
        asked: &Asked,
        exchange: &mut Exchange<'_>,
    ) -> Option<Result<Response, Refusal>> {
        if let Some(allowed) = self.front.allow_request(head.method, head.headers, asked) {
            exchange.set_place(PREFLIGHT);
            return Some(self.limit_network(head.network, exchange).await.map(|()| allowed));
        }
        let site = self.site.as_ref().filter(|_| Site::has(head.path) && !self.routes.has(head.path))?;
        exchange.set_place(STATIC);
        if let Err(refusal) = self.limit_reader(head.network, exchange).await {
            return Some(Err(refusal));
        }
        Some(site.answer(head.method, head.path, head.headers).await)
    }

    /// Files are many to a page and cheap, so that they have a rate of their own.
    async fn limit_reader(&self, network: Network, exchange: &mut Exchange<'_>) -> Result<(), Refusal> {
        let decision = self.readers.take(network, self.monotonic.elapsed()).await;
        if decision.is_err() {
            exchange.standing.burst = Some(Burst::new(self.readers.limit(), decision));
        }
        decision?;
        Ok(())
    }
}
