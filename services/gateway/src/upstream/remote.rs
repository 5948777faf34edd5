//! A service in another process.

use std::{sync::Arc, time::Duration};

use axum::{BoxError, extract::Request, response::Response};
use hyper::{body::Incoming, client::conn::TrySendError};
use rand::random;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use prosopa_runtime::{Platform, PrincipalSigner, SignPrincipal, UpstreamAddress};

use super::{
    answer::{self, Line},
    breaker::{Attempt, Breaker},
    connection::Connection,
    fault::{self, UpstreamError, UpstreamFault},
    headers,
    metrics::{ServiceMetrics, UpstreamMetrics},
    pool::{Place, Pool},
    retry::{Repeatable, RetryBudget},
    tunnel::{self, Tunnel, Wish},
};
use crate::{
    config::{RetryConfig, UpstreamConfig},
    monotonic::MonotonicClock,
};

/// Time between two looks for connections that nobody uses any more.
const TEND_INTERVAL: Duration = Duration::from_secs(5);

/// Pause before the first retry of a request that met no service; before the second it is twice as long. Up to as much is
/// added at random.
const RETRY_PAUSE: Duration = Duration::from_millis(25);

/// How a service in another process is called.
pub(crate) struct Remote {
    service: &'static str,
    signer: SignPrincipal,
    pool: Arc<Pool>,
    breaker: Breaker,
    retries_max: u32,
    budget: RetryBudget,
    idle_timeout: Duration,
    stop: CancellationToken,
    metrics: ServiceMetrics,
}

/// An attempt that was not answered, and what may be sent in the next.
struct Failed {
    fault: UpstreamFault,
    again: Option<Request>,
}

impl Remote {
    pub(super) fn new(
        service: &'static str,
        address: UpstreamAddress,
        config: &UpstreamConfig,
        platform: &Platform,
        clock: Arc<dyn MonotonicClock>,
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        if !is_usable(&address) {
            return Err(UpstreamError::Address { service });
        }
        let keys = platform.principal_keys().map_err(|source| UpstreamError::Keys { service, source })?;
        let signer = PrincipalSigner::new(keys, Arc::clone(&platform.clock));
        let RetryConfig { retries_max, budget_percent } = config.retry;
        let of_service = metrics.of_service(service);
        Ok(Self {
            service,
            signer: SignPrincipal::new(signer, service),
            pool: Arc::new(Pool::new(
                address,
                platform.peers.connector.clone(),
                config,
                of_service.connections.clone(),
            )),
            breaker: Breaker::new(service, config.breaker, clock, metrics.of_circuit(service)),
            retries_max,
            budget: RetryBudget::new(budget_percent),
            idle_timeout: Duration::from_millis(config.idle_timeout_ms),
            stop: platform.shutdown.clone(),
            metrics: of_service,
        })
    }

    /// Sends a request, which the caller drops after `deadline`, and gives the answer once its head is here.
    pub(super) async fn call(
        &self,
        mut request: Request,
        deadline: Instant,
        mut hand_on: impl FnMut() + Send,
    ) -> Result<Response, UpstreamFault> {
        let service = self.service;
        let wish = tunnel::take_wish(&mut request);
        headers::prepare(&mut request, service, &self.signer)
            .map_err(|source| UpstreamFault::Principal { service, source })?;
        // Before there is a place: whoever is refused anyway shall not wait for one.
        let mut attempt = self.admit()?;
        let Some(place) = self.pool.enter().await else {
            attempt.forget();
            self.metrics.busy.inc();
            return Err(UpstreamFault::Busy { service });
        };
        attempt.begin(deadline);
        self.budget.pay_in();
        if let Some(wish) = wish {
            return self.open_tunnel(request, wish, place, attempt, hand_on).await;
        }
        let repeatable = Repeatable::of(&request);
        let mut retries = 0;
        loop {
            let failed = match self.send(request, repeatable.as_ref(), retries > 0, &mut hand_on).await {
                Ok((connection, answer)) => {
                    let passed = self.pass_on(answer, Some(connection), place).await;
                    return self.conclude(attempt, passed);
                }
                Err(failed) => failed,
            };
            let (again, is_away) = (failed.again, matches!(failed.fault, UpstreamFault::Unreachable { .. }));
            let refused = self.conclude(attempt, Err(failed.fault));
            let Some(next) = again.filter(|_| retries < self.retries_max) else { return refused };
            if !self.budget.pay_out() {
                self.metrics.not_retried.inc();
                return refused;
            }
            if is_away {
                sleep(RETRY_PAUSE.mul_f64(f64::from(1 << retries) + random::<f64>())).await;
            }
            let Ok(admitted) = self.admit() else { return refused };
            self.metrics.retried.inc();
            (attempt, request) = (admitted, next);
            attempt.begin(deadline);
            retries += 1;
        }
    }

    /// Closes connections that nobody uses any more, until it is told to stop.
    pub(super) async fn tend(&self, stop: &CancellationToken) {
        while stop.run_until_cancelled(sleep(TEND_INTERVAL)).await.is_some() {
            self.pool.close_old();
        }
    }

    fn admit(&self) -> Result<Attempt<'_>, UpstreamFault> {
        self.breaker.admit().map_err(|retry_after| {
            self.metrics.refused.inc();
            UpstreamFault::Open { service: self.service, retry_after }
        })
    }

    /// Tells the breaker and the metrics what became of an attempt.
    fn conclude(
        &self,
        attempt: Attempt<'_>,
        outcome: Result<Response, UpstreamFault>,
    ) -> Result<Response, UpstreamFault> {
        match &outcome {
            Ok(_) => {
                self.metrics.answered.inc();
                attempt.succeed();
            }
            Err(UpstreamFault::Unreachable { .. }) => {
                self.metrics.unreachable.inc();
                attempt.fail();
            }
            Err(UpstreamFault::Invalid { .. }) => {
                self.metrics.invalid.inc();
                attempt.fail();
            }
            Err(_) => attempt.forget(),
        }
        outcome
    }

    /// Sends a request over a connection that is there, or a new one; a retry always over a new one.
    async fn send(
        &self,
        mut request: Request,
        repeatable: Option<&Repeatable>,
        is_retry: bool,
        hand_on: &mut (impl FnMut() + Send),
    ) -> Result<(Connection, http::Response<Incoming>), Failed> {
        loop {
            let kept = if is_retry { None } else { self.pool.take() };
            let mut connection = match kept {
                Some(connection) => connection,
                None => match self.pool.connect().await {
                    Ok(connection) => connection,
                    Err(error) => {
                        return Err(Failed { fault: self.unreachable(error), again: Some(request) });
                    }
                },
            };
            hand_on();
            match connection.send(request).await {
                Ok(answer) => return Ok((connection, answer)),
                Err(mut error) => match error.take_message() {
                    // The other end had closed it while nobody used it: nothing was sent.
                    Some(unsent) if connection.is_kept() => request = unsent,
                    unsent => return Err(self.judge(error, unsent, repeatable, connection.is_kept())),
                },
            }
        }
    }

    fn judge(
        &self,
        error: TrySendError<Request>,
        unsent: Option<Request>,
        repeatable: Option<&Repeatable>,
        was_kept: bool,
    ) -> Failed {
        let error = error.into_error();
        if unsent.is_some() {
            return Failed { fault: self.unreachable(error), again: unsent };
        }
        if fault::is_of_client(&error) {
            return Failed { fault: UpstreamFault::Client(error.into()), again: None };
        }
        // It may have been closed before it could read the request.
        let may_be_stale = was_kept && fault::is_loss(&error);
        let again = repeatable.filter(|_| may_be_stale).map(Repeatable::to_request);
        Failed { fault: self.invalid(error), again }
    }

    /// A handshake gets a connection of its own, which is then the tunnel's. It is not repeated.
    async fn open_tunnel(
        &self,
        mut request: Request,
        wish: Wish,
        place: Place,
        attempt: Attempt<'_>,
        mut hand_on: impl FnMut() + Send,
    ) -> Result<Response, UpstreamFault> {
        tunnel::put_switch(request.headers_mut());
        let Wish { client, caller } = wish;
        let connection = match self.pool.connect().await {
            Ok(connection) => connection,
            Err(error) => return self.conclude(attempt, Err(self.unreachable(error))),
        };
        hand_on();
        let outcome = match connection.shake_hands(request).await {
            Ok(answer) if answer.status() == http::StatusCode::SWITCHING_PROTOCOLS => {
                let tunnel = Tunnel {
                    service: self.service,
                    idle_timeout: self.idle_timeout,
                    stop: self.stop.clone(),
                    caller,
                    open: self.metrics.websockets.clone(),
                    place,
                };
                tunnel.begin(answer, client).map_err(|error| self.invalid(error))
            }
            Ok(answer) => self.pass_on(answer, None, place).await,
            Err(error) => Err(self.invalid(error)),
        };
        self.conclude(attempt, outcome)
    }

    async fn pass_on(
        &self,
        answer: http::Response<Incoming>,
        connection: Option<Connection>,
        place: Place,
    ) -> Result<Response, UpstreamFault> {
        let line = Line { connection, place, pool: Arc::clone(&self.pool) };
        let passed = answer::pass_on(self.service, answer, line, self.idle_timeout).await;
        passed.map_err(|error| self.invalid(error))
    }

    fn unreachable(&self, source: impl Into<BoxError>) -> UpstreamFault {
        UpstreamFault::Unreachable { service: self.service, source: source.into() }
    }

    fn invalid(&self, source: impl Into<BoxError>) -> UpstreamFault {
        UpstreamFault::Invalid { service: self.service, source: source.into() }
    }
}

fn is_usable(address: &UpstreamAddress) -> bool {
    let address = address.current();
    matches!(address.scheme_str(), Some("http" | "https"))
        && address.host().is_some_and(|host| !host.is_empty())
        && address.path_and_query().is_none_or(|path| path == "/")
}
