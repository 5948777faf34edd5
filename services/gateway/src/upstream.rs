//! Who answers an operation: routes in this process, or a service in another one.
//!
//! A remote service is spoken to over HTTP/1.1, on connections that are kept ([`pool`]), with a token for the caller
//! and without anything that concerns one connection only ([`headers`]). Knows nothing of quotas, rates and operations.

mod answer;
mod breaker;
mod circuit;
mod connection;
mod counted;
mod fault;
mod headers;
mod metrics;
mod pool;
mod remote;
mod retry;
mod tunnel;

use std::sync::Arc;

use axum::{Router, extract::Request, response::Response};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use prosopa_runtime::{Backend, Platform};

use crate::{config::UpstreamConfig, monotonic::MonotonicClock};

use self::remote::Remote;
pub(crate) use self::{
    answer::AnsweredProblem,
    fault::{UpstreamError, UpstreamFault},
    metrics::UpstreamMetrics,
};

/// Who answers an operation. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Upstream {
    /// Routes in this process.
    Mounted(Router),
    /// A service in another one.
    Remote(Arc<Remote>),
}

impl Upstream {
    /// For a service of this name; all its operations share what this holds.
    pub(crate) fn new(
        service: &'static str,
        backend: &Backend,
        config: &UpstreamConfig,
        platform: &Platform,
        clock: &Arc<dyn MonotonicClock>,
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        Ok(match backend {
            Backend::Mounted(router) => Self::Mounted(router.clone()),
            Backend::Remote(address) => {
                let (address, clock) = (address.clone(), Arc::clone(clock));
                Self::Remote(Arc::new(Remote::new(service, address, config, platform, clock, metrics)?))
            }
        })
    }

    /// Closes connections that nobody uses any more, until it is told to stop.
    pub(crate) async fn tend(&self, stop: &CancellationToken) {
        match self {
            Self::Mounted(_) => stop.cancelled().await,
            Self::Remote(remote) => remote.tend(stop).await,
        }
    }

    /// Hands a request on, which the caller drops after `deadline`. `hand_on` is called right before the service may begin to
    /// work.
    pub(crate) async fn call(
        &self,
        request: Request,
        deadline: Instant,
        mut hand_on: impl FnMut() + Send,
    ) -> Result<Response, UpstreamFault> {
        match self {
            Self::Mounted(router) => {
                hand_on();
                let Ok(response) = router.clone().oneshot(request).await;
                Ok(response)
            }
            // In a box, so that the mounted ones do not carry its size.
            Self::Remote(remote) => Box::pin(remote.call(request, deadline, hand_on)).await,
        }
    }
}
