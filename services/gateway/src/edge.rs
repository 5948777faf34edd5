//! The path of every public request, in order.
//!
//! ```text
//! match path and method -> declared body size -> credential -> rate limit -> scope -> quota reserved
//!   -> the service's own router, with a Principal, without the credential, within the deadline
//!   -> quota settled -> RateLimit and security headers -> counted and logged
//! ```
//!
//! Whoever is refused before authentication counts against its network's rate, so that probing is slow.
//!
//! A charge is given back for an answer that was worth nothing: 5xx, a panic, a body that could not be read (400, 413,
//! 415, 422); for one that tells of what an earlier request made; and where the request never reached the service. It is kept where the client goes away or the deadline
//! passes while the service works: the service may finish nevertheless, and nobody shall get its work for nothing by
//! hanging up.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use tower::ServiceExt;
use tracing::Instrument;

use prosopa_contract::verifier::{Verifier, VerifyError};
use prosopa_http::{Access, IDEMPOTENT_REPLAYED};
use prosopa_model::{Clock, Principal, QuotaSnapshot, Scope, WindowUse};
use prosopa_problem::Problem;
use prosopa_runtime::PeerAddress;

use crate::{
    authentication::{drop_credentials, take_credential},
    bodies,
    config::OnLedgerLoss,
    error::Refusal,
    exchange::Exchange,
    headers::{self, Burst, Quota},
    ledger::{Ledger, ReserveError},
    leftovers::Leftovers,
    metrics::Metrics,
    monotonic::MonotonicClock,
    plan::DefaultPlan,
    rate_limit::{CallerKey, NetworkKey, RateLimiter, TooFast},
    routes::{Route, Routes},
};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What the path of a request needs.
pub(crate) struct Edge {
    /// Every operation.
    pub(crate) routes: Routes,
    /// Who knows credentials.
    pub(crate) verifier: Arc<dyn Verifier>,
    /// What accounts have spent.
    pub(crate) ledger: Ledger,
    /// The quota of accounts.
    pub(crate) plan: DefaultPlan,
    /// Rates of authenticated callers.
    pub(crate) callers: RateLimiter<CallerKey>,
    /// Rates of everybody else.
    pub(crate) networks: RateLimiter<NetworkKey>,
    /// Credentials presented in vain.
    pub(crate) failures: RateLimiter<NetworkKey>,
    /// Whether metered requests pass while the ledger is lost.
    pub(crate) on_ledger_loss: OnLedgerLoss,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
    /// The time for rates.
    pub(crate) monotonic: Arc<dyn MonotonicClock>,
    /// What is counted.
    pub(crate) metrics: Metrics,
}

/// Answers one request.
pub(crate) async fn answer(State(edge): State<Arc<Edge>>, mut request: Request) -> Response {
    let mut exchange = Exchange::begin(&edge.metrics, &request);
    let leftovers = Leftovers::of(&mut request);
    let served = edge.serve(request, &mut exchange).await;
    let is_late = matches!(served, Err(Refusal::DeadlineExceeded));
    let mut response = served.unwrap_or_else(|refusal| {
        let problem = Problem::from(refusal);
        edge.metrics.rejections.with_label_values(&[problem.code().as_str()]).inc();
        problem.into_response()
    });
    let is_replay = response.headers().contains_key(&IDEMPOTENT_REPLAYED.0);
    settle(&mut exchange, (!is_late).then(|| response.status()), is_replay);
    leftovers.discard().await;
    exchange.standing.write(response.headers_mut(), edge.clock.now());
    headers::harden(response.headers_mut());
    let code = response.extensions().get::<Problem>().map(Problem::code);
    exchange.finish(response.status(), code);
    response
}

impl Edge {
    async fn serve<'a>(&'a self, request: Request, exchange: &mut Exchange<'a>) -> Result<Response, Refusal> {
        let network = network(&request);
        let route = match self.find_route(&request, exchange) {
            Ok(route) => route,
            Err(refusal) => {
                self.limit_network(network, exchange)?;
                return Err(refusal);
            }
        };
        let span = exchange.span();
        if request.headers().contains_key(TRACEPARENT) {
            prosopa_telemetry::continue_trace(&span, request.headers());
        }
        let work = AssertUnwindSafe(self.perform(route, request, network, exchange)).catch_unwind();
        match tokio::time::timeout(route.deadline, work).instrument(span).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(Refusal::Panicked(panic_message(panic.as_ref()))),
            Err(_) => Err(Refusal::DeadlineExceeded),
        }
    }

    fn find_route<'a>(
        &'a self,
        request: &Request,
        exchange: &mut Exchange<'a>,
    ) -> Result<&'a Route, Refusal> {
        let route = self.routes.find(request.method(), request.uri().path())?;
        exchange.set_route(route);
        bodies::check_declared(request, route.body_bytes_max)?;
        Ok(route)
    }

    async fn perform(
        &self,
        route: &Route,
        mut request: Request,
        network: NetworkKey,
        exchange: &mut Exchange<'_>,
    ) -> Result<Response, Refusal> {
        match route.access {
            Access::Public => {
                drop_credentials(request.headers_mut());
                self.limit_network(network, exchange)?;
            }
            // The service knows the secret; who guesses is as slow as any stranger.
            Access::OwnSecret => self.limit_network(network, exchange)?,
            Access::Scope(scope) => {
                let principal = self.authenticate(request.headers_mut(), network, exchange).await?;
                let principal = self.admit(route, scope, principal, exchange).await?;
                request.extensions_mut().insert(principal);
            }
        }
        if request.method() == Method::HEAD {
            // The body of the answer is dropped at the very end, where its length is known.
            *request.method_mut() = Method::GET;
        }
        let overrun = bodies::bound(&mut request, route.body_bytes_max);
        if let Some(reservation) = &mut exchange.reservation {
            reservation.hand_on();
        }
        let Ok(response) = route.upstream.clone().oneshot(request).await;
        // Whatever the service made of half a body.
        if overrun.has_happened() {
            return Err(Refusal::BodyTooLarge { bytes_max: route.body_bytes_max });
        }
        Ok(response)
    }

    /// Who calls. A network that failed too often is told to wait, but only where it fails again: a genuine credential
    /// is never refused for what others behind the same address have tried.
    async fn authenticate(
        &self,
        headers: &mut HeaderMap,
        network: NetworkKey,
        exchange: &mut Exchange<'_>,
    ) -> Result<Principal, Refusal> {
        let credential =
            match take_credential(headers).and_then(|found| found.ok_or(Refusal::Unauthenticated)) {
                Ok(credential) => credential,
                Err(refusal) => {
                    self.limit_network(network, exchange)?;
                    return Err(refusal);
                }
            };
        self.verifier.verify(credential).await.map_err(|error| match error {
            VerifyError::Invalid => match self.failures.take(network, self.monotonic.elapsed()) {
                Ok(_) => Refusal::Unauthenticated,
                Err(too_fast) => {
                    exchange.standing.burst = Some(Burst::new(self.failures.limit(), Err(too_fast)));
                    Refusal::from(too_fast)
                }
            },
            VerifyError::Expired => Refusal::TokenExpired,
            VerifyError::Unavailable { detail } => Refusal::VerifierLost(detail),
        })
    }

    /// Rate, scope, quota.
    async fn admit(
        &self,
        route: &Route,
        scope: Scope,
        mut principal: Principal,
        exchange: &mut Exchange<'_>,
    ) -> Result<Principal, Refusal> {
        exchange.account_id = Some(principal.account_id);
        let decision = self.callers.take(CallerKey::from(&principal), self.monotonic.elapsed());
        exchange.standing.burst = Some(Burst::new(self.callers.limit(), decision));
        decision?;
        if !principal.scopes.has(scope) {
            return Err(Refusal::Forbidden(scope));
        }
        principal.quota = self.meter(route.weight, &principal, exchange).await?;
        Ok(principal)
    }

    /// Reserves what the operation weighs; for weightless ones only looks.
    async fn meter(
        &self,
        weight: u32,
        principal: &Principal,
        exchange: &mut Exchange<'_>,
    ) -> Result<Option<QuotaSnapshot>, Refusal> {
        let limits = self.plan.limits(principal.requests_per_day_max);
        let outcome = if weight == 0 {
            self.ledger.usage(principal.account_id).await
        } else {
            self.ledger.reserve(principal.account_id, limits, weight).await.map(|reservation| {
                let usage = reservation.usage();
                exchange.reservation = Some(reservation);
                usage
            })
        };
        match outcome {
            Ok(usage) => {
                exchange.standing.quota = Some(Quota { limits, usage });
                Ok(Some(usage.snapshot(&self.plan, limits)))
            }
            Err(ReserveError::Exceeded { window, usage }) => {
                exchange.standing.quota = Some(Quota { limits, usage });
                let counter = usage.counter(window);
                let (limit, resets_at) = (limits.of(window), counter.resets_at);
                let window = WindowUse { name: window, limit, used: counter.used, resets_at };
                Err(Refusal::QuotaExceeded { window, now: self.clock.now() })
            }
            // Only the quota is not shown.
            Err(ReserveError::Lost(_)) if weight == 0 => Ok(None),
            Err(ReserveError::Lost(error)) => match self.on_ledger_loss {
                OnLedgerLoss::Allow => {
                    self.metrics.ledger_losses.with_label_values(&["admitted"]).inc();
                    Ok(None)
                }
                OnLedgerLoss::Deny => {
                    self.metrics.ledger_losses.with_label_values(&["refused"]).inc();
                    Err(Refusal::LedgerLost(error))
                }
            },
        }
    }

    fn limit_network(&self, network: NetworkKey, exchange: &mut Exchange<'_>) -> Result<(), Refusal> {
        let decision = self.networks.take(network, self.monotonic.elapsed());
        exchange.standing.burst = Some(Burst::new(self.networks.limit(), decision));
        decision?;
        Ok(())
    }
}

impl From<TooFast> for Refusal {
    fn from(too_fast: TooFast) -> Self {
        Self::RateLimited { retry_after: too_fast.retry_after }
    }
}

/// Keeps or gives back what was reserved, by the answer; without one, by whether the service was called.
fn settle(exchange: &mut Exchange<'_>, answered: Option<StatusCode>, is_replay: bool) {
    let Some(reservation) = exchange.reservation.take() else { return };
    if is_replay || answered.map_or_else(|| !reservation.is_handed_on(), is_worthless) {
        let usage = reservation.refund();
        if let Some(quota) = &mut exchange.standing.quota {
            quota.usage = usage;
        }
    } else {
        reservation.keep();
    }
}

/// Whether an answer of this status is not charged.
fn is_worthless(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        )
}

/// The network of the connection. Forwarded addresses are not believed.
fn network(request: &Request) -> NetworkKey {
    let address = request.extensions().get::<PeerAddress>();
    NetworkKey::from(address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0.ip()))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
