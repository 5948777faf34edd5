//! A service in another process.

use std::{sync::Arc, time::Duration};

use axum::{BoxError, extract::Request, response::Response};

use tokio_util::sync::CancellationToken;

use prosopa_runtime::{Platform, PrincipalSigner, SignPrincipal, UpstreamAddress};

use super::{
    answer::{self, Line},
    config::UpstreamConfig,
    fault::{UpstreamFault, is_of_client},
    headers,
    pool::Pool,
};
use crate::error::Error;

/// Time between two looks for connections that nobody uses any more.
const TEND_INTERVAL: Duration = Duration::from_secs(5);

/// How a service in another process is called.
pub(crate) struct Remote {
    service: &'static str,
    signer: SignPrincipal,
    pool: Arc<Pool>,
    idle_timeout: Duration,
}

impl Remote {
    pub(super) fn new(
        service: &'static str,
        address: UpstreamAddress,
        config: &UpstreamConfig,
        platform: &Platform,
    ) -> Result<Self, Error> {
        if !is_usable(&address) {
            return Err(Error::UpstreamAddress { service });
        }
        let keys = platform.principal_keys().map_err(|source| Error::UpstreamKeys { service, source })?;
        let signer = PrincipalSigner::new(keys, Arc::clone(&platform.clock));
        let connect_timeout = Duration::from_millis(config.connect_timeout_ms);
        Ok(Self {
            service,
            signer: SignPrincipal::new(signer, service),
            pool: Arc::new(Pool::new(address, connect_timeout, config.connections_max)),
            idle_timeout: Duration::from_millis(config.idle_timeout_ms),
        })
    }

    /// Sends a request and gives the answer once its head is here.
    pub(super) async fn call(
        &self,
        mut request: Request,
        mut hand_on: impl FnMut() + Send,
    ) -> Result<Response, UpstreamFault> {
        let service = self.service;
        headers::prepare(&mut request, &self.signer)
            .map_err(|source| UpstreamFault::Principal { service, source })?;
        let place = self.pool.enter().await.ok_or(UpstreamFault::Busy { service })?;
        loop {
            let mut connection = match self.pool.take() {
                Some(connection) => connection,
                None => self.pool.connect().await.map_err(|source| self.unreachable(source))?,
            };
            hand_on();
            match connection.send(request).await {
                Ok(answer) => {
                    let line = Line { connection, place, pool: Arc::clone(&self.pool) };
                    return answer::pass_on(service, answer, line, self.idle_timeout)
                        .await
                        .map_err(|source| UpstreamFault::Invalid { service, source });
                }
                Err(mut error) => match error.take_message() {
                    // The other end had closed it while nobody used it: nothing was sent.
                    Some(unsent) if connection.is_kept() => request = unsent,
                    Some(_) => return Err(self.unreachable(error.into_error())),
                    None => return Err(self.judge(error.into_error())),
                },
            }
        }
    }

    /// Closes connections that nobody uses any more, until it is told to stop.
    pub(super) async fn tend(&self, stop: &CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(TEND_INTERVAL)).await.is_some() {
            self.pool.close_old();
        }
    }

    fn unreachable(&self, source: impl Into<BoxError>) -> UpstreamFault {
        UpstreamFault::Unreachable { service: self.service, source: source.into() }
    }

    fn judge(&self, error: hyper::Error) -> UpstreamFault {
        if is_of_client(&error) {
            UpstreamFault::Client(error.into())
        } else {
            UpstreamFault::Invalid { service: self.service, source: error.into() }
        }
    }
}

fn is_usable(address: &UpstreamAddress) -> bool {
    let address = address.current();
    address.scheme_str() == Some("http")
        && address.host().is_some_and(|host| !host.is_empty())
        && address.path_and_query().is_none_or(|path| path == "/")
}
