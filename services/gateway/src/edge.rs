//! The path of every public request, in order.
//!
//! ```text
//! match path and method -> declared body size -> credential -> rate limit -> scope -> quota reserved
//!   -> the service's own router, with a Principal, without the credential, within the deadline
//!   -> quota settled -> RateLimit, CORS and security headers -> counted and logged -> compressed
//! ```
//!
//! The credential is a token, a key, or the signature of the request itself, whose content is then checked while the
//! service reads it: one that is not what was signed is refused, whatever the service made of it.
//!
//! Whoever is refused before authentication counts against its network's rate, so that probing is slow.
//!
//! A charge is given back for an answer that was worth nothing: 5xx, a panic, a body that could not be read (400, 413,
//! 415, 422); for one that tells of what an earlier request made; and where the request never reached the service. It is kept where the client goes away or the deadline
//! passes while the service works: the service may finish nevertheless, and nobody shall get its work for nothing by
//! hanging up.

mod admission;
mod browser;
mod page;
mod signed;
mod sockets;

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderName, Method};
use tokio::time::Instant;
use tracing::Instrument;

use prosopa_contract::verifier::{Verifier, VerifyError};
use prosopa_http::{Access, IDEMPOTENT_REPLAYED, Leftovers, take_units_done};
use prosopa_model::{Clock, Principal, Role, Scope};
use prosopa_problem::Problem;
use prosopa_runtime::{Network, PeerAddress};

use self::{admission::settle, page::Head};
use crate::{
    authentication::{Presented, drop_credentials},
    bodies,
    csrf::Sites,
    error::Refusal,
    exchange::{Exchange, Stage},
    front::Front,
    headers::Burst,
    ledger::Ledger,
    metrics::Metrics,
    monotonic::MonotonicClock,
    plans::PlanBook,
    rate_limit::{CallerKey, TooFast},
    rates::Rates,
    routes::{Route, Routes},
    signatures::Signatures,
    site::Site,
    usage::{Sampling, Spool, intent_of},
};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What the path of a request needs.
pub(crate) struct Edge {
    /// Every operation.
    pub(crate) routes: Routes,
    /// Who knows credentials.
    pub(crate) verifier: Arc<dyn Verifier>,
    /// Who knows signatures.
    pub(crate) signatures: Signatures,
    /// Whose pages may use the sessions of browsers.
    pub(crate) sites: Sites,
    /// What answers are given for browsers.
    pub(crate) front: Front,
    /// The web application, if there is one.
    pub(crate) site: Option<Site>,
    /// Rates of those who ask for its files.
    pub(crate) readers: Rates<Network>,
    /// What accounts have spent.
    pub(crate) ledger: Ledger,
    /// Who has which quota.
    pub(crate) plans: Arc<PlanBook>,
    /// Rates of authenticated callers.
    pub(crate) callers: Rates<CallerKey>,
    /// Rates of everybody else.
    pub(crate) networks: Rates<Network>,
    /// Credentials presented in vain.
    pub(crate) failures: Rates<Network>,
    /// What is told of requests.
    pub(crate) usage: Spool,
    /// Of which of them bodies are told.
    pub(crate) sampling: Sampling,
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
    let asked = edge.front.look(&request);
    let leftovers = Leftovers::of(&mut request);
    let served = match edge.serve_page(Head::of(&request), &asked, &mut exchange).await {
        Some(served) => served,
        None => edge.serve(request, &mut exchange).await,
    };
    let is_late = matches!(served, Err(Refusal::DeadlineExceeded));
    let mut response = served.unwrap_or_else(|refusal| {
        let problem = Problem::from(refusal);
        edge.metrics.rejections.with_label_values(&[problem.code().as_str()]).inc();
        problem.into_response()
    });
    let is_replay = response.headers().contains_key(&IDEMPOTENT_REPLAYED.0);
    let units_done = take_units_done(response.headers_mut());
    let status = (!is_late).then(|| response.status());
    settle(&mut exchange, status, is_replay, units_done).await;
    exchange.end_stage(Stage::Admit);
    leftovers.discard().await;
    exchange.standing.write(response.headers_mut(), edge.clock.now());
    exchange.read_answer(&mut response).await;
    // Before what every answer has: nobody need be told that.
    exchange.finish(&response);
    edge.front.mark(&asked, response.headers_mut());
    edge.front.pack(asked, response).await
}

impl Edge {
    async fn serve<'a>(&'a self, request: Request, exchange: &mut Exchange<'a>) -> Result<Response, Refusal> {
        let network = network(&request);
        let route = match self.find_route(&request, exchange) {
            Ok(route) => route,
            Err(refusal) => {
                self.limit_network(network, exchange).await?;
                return Err(refusal);
            }
        };
        let span = exchange.span();
        if request.headers().contains_key(TRACEPARENT) {
            prosopa_telemetry::continue_trace(&span, request.headers());
        }
        let deadline = Instant::now() + route.deadline;
        let work = AssertUnwindSafe(self.perform(route, request, deadline, network, exchange)).catch_unwind();
        match tokio::time::timeout_at(deadline, work).instrument(span).await {
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
        bodies::check_unpacked(request)?;
        Ok(route)
    }

    async fn perform(
        &self,
        route: &Route,
        mut request: Request,
        deadline: Instant,
        network: Network,
        exchange: &mut Exchange<'_>,
    ) -> Result<Response, Refusal> {
        let bytes = bodies::bytes_to_come(&request, route.body_bytes_max);
        if route.access.scope().is_none()
            && let Err(refusal) = self.pass_stranger(route, &mut request)
        {
            self.limit_network(network, exchange).await?;
            return Err(refusal);
        }
        match route.access {
            Access::Public => {
                drop_credentials(request.headers_mut());
                Signatures::remove(request.headers_mut());
                self.limit_network(network, exchange).await?;
            }
            // The service knows the secret; who guesses is as slow as any stranger.
            Access::OwnSecret => {
                Signatures::remove(request.headers_mut());
                self.limit_network(network, exchange).await?;
            }
            Access::Scope(scope) => {
                let principal = self.authenticate(route, &mut request, network, exchange).await?;
                exchange.end_stage(Stage::Verify);
                self.note_usage(route, &request, &principal, network, exchange);
                let principal = self.admit(route, scope, principal, bytes, exchange).await?;
                exchange.end_stage(Stage::Admit);
                request.extensions_mut().insert(principal);
            }
            Access::Administrator => {
                let principal = self.authenticate(route, &mut request, network, exchange).await?;
                exchange.end_stage(Stage::Verify);
                self.note_usage(route, &request, &principal, network, exchange);
                let principal = self.admit(route, Scope::Admin, principal, bytes, exchange).await?;
                exchange.end_stage(Stage::Admit);
                if principal.role != Role::Administrator {
                    return Err(Refusal::NoAdministrator);
                }
                request.extensions_mut().insert(principal);
            }
        }
        sockets::watch(&self.verifier, &mut request);
        if request.method() == Method::HEAD {
            // The body of the answer is dropped at the very end, where its length is known.
            *request.method_mut() = Method::GET;
        }
        let kept_max = exchange.sample.filter(|sample| sample.takes(&request)).map(|sample| sample.bytes_max);
        let body = bodies::bound(&mut request, route.body_bytes_max, kept_max);
        exchange.body = body.clone();
        if let Some(charge) = &mut exchange.charge {
            charge.body = body.clone();
        }
        let charge = &mut exchange.charge;
        let hand_on = || charge.iter_mut().for_each(|charge| charge.reservation.hand_on());
        let answered = route.upstream.call(request, deadline, hand_on).await.map_err(Refusal::Upstream);
        exchange.end_stage(Stage::Upstream);
        // Whatever the service made of half a body.
        if body.was_cut() {
            return Err(Refusal::BodyTooLarge { bytes_max: route.body_bytes_max });
        }
        if body.was_false() {
            return Err(self.refuse_content(network, exchange).await);
        }
        answered
    }

    /// Who calls. A network that failed too often is told to wait, but only where it fails again: a genuine credential
    /// is never refused for what others behind the same address have tried.
    async fn authenticate(
        &self,
        route: &Route,
        request: &mut Request,
        network: Network,
        exchange: &mut Exchange<'_>,
    ) -> Result<Principal, Refusal> {
        if Signatures::is_claimed(request.headers()) {
            return self.authenticate_signed(route, request, network, exchange).await;
        }
        let verified = match self.take_presented(request) {
            Ok(Presented::Credential(credential)) => self.verifier.verify(credential).await,
            Ok(Presented::Certificate(fingerprint)) => {
                self.verifier.examine_certificate(fingerprint).await.map(|verified| verified.principal)
            }
            Ok(Presented::Cookie { secret, wish }) => {
                return self.authenticate_browser(route, secret, wish, network, exchange).await;
            }
            Err(refusal) => {
                self.limit_network(network, exchange).await?;
                return Err(refusal);
            }
        };
        match verified {
            Ok(principal) => Ok(principal),
            Err(VerifyError::Invalid) => {
                Err(self.refuse_guess(network, exchange, Refusal::Unauthenticated).await)
            }
            Err(VerifyError::Expired) => Err(Refusal::TokenExpired),
            Err(VerifyError::Unavailable { detail }) => Err(Refusal::VerifierLost(detail)),
        }
    }

    /// From here on the request is told of, however it ends.
    fn note_usage(
        &self,
        route: &Route,
        request: &Request,
        principal: &Principal,
        network: Network,
        exchange: &mut Exchange<'_>,
    ) {
        let request_id = exchange.request_id();
        exchange.sample = self.sampling.draw(route, principal, request_id);
        let intent = intent_of(request, route, principal, network, request_id, self.clock.now());
        exchange.usage = Some(self.usage.note(intent));
    }

    /// The refusal of a credential that is not genuine: this one, unless the network has failed too often.
    async fn refuse_guess(&self, network: Network, exchange: &mut Exchange<'_>, refusal: Refusal) -> Refusal {
        match self.failures.take(network, self.monotonic.elapsed()).await {
            Ok(_) => refusal,
            Err(too_fast) => {
                exchange.standing.burst = Some(Burst::new(self.failures.limit(), Err(too_fast)));
                Refusal::from(too_fast)
            }
        }
    }

    async fn limit_network(&self, network: Network, exchange: &mut Exchange<'_>) -> Result<(), Refusal> {
        let decision = self.networks.take(network, self.monotonic.elapsed()).await;
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

/// The network of the client, as the listener knows it.
fn network(request: &Request) -> Network {
    Network::of(request.extensions().get::<PeerAddress>().copied())
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
