//! Why a service gave no answer.

use std::{error::Error, time::Duration};

use axum::BoxError;

use prosopa_problem::{Code, Problem};
use prosopa_runtime::PrincipalKeyError;

/// When to come back, unless something better is known.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a service in another process cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// It has no address that can be used.
    #[error("the address of {service} must be http://host:port or https://host:port")]
    Address {
        /// Its name.
        service: &'static str,
    },
    /// There are no keys to name callers to it with.
    #[error("callers cannot be named to {service}")]
    Keys {
        /// Its name.
        service: &'static str,
        /// Why.
        #[source]
        source: PrincipalKeyError,
    },
}

/// Why a service gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamFault {
    /// As many requests are at the service as may be.
    #[error("no connection to {service} became free in time")]
    Busy {
        /// Its name.
        service: &'static str,
    },
    /// It has failed too often, and is left alone for a while.
    #[error("{service} is left alone for {retry_after:?}")]
    Open {
        /// Its name.
        service: &'static str,
        /// For how long.
        retry_after: Duration,
    },
    /// It takes no connections.
    #[error("{service} cannot be reached")]
    Unreachable {
        /// Its name.
        service: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The connection ended, or what came was no answer.
    #[error("{service} gave no valid answer")]
    Invalid {
        /// Its name.
        service: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The client's body broke off.
    #[error("the body broke off")]
    Client(#[source] BoxError),
    /// The caller cannot be named to the service.
    #[error("the caller cannot be named to {service}")]
    Principal {
        /// Its name.
        service: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl From<UpstreamFault> for Problem {
    fn from(fault: UpstreamFault) -> Self {
        match &fault {
            UpstreamFault::Busy { .. } => Self::new(Code::Overloaded).with_retry_after(RETRY_AFTER),
            UpstreamFault::Open { retry_after, .. } => {
                Self::new(Code::Unavailable).with_retry_after(*retry_after)
            }
            UpstreamFault::Unreachable { .. } => Self::new(Code::Unavailable).with_retry_after(RETRY_AFTER),
            UpstreamFault::Invalid { .. } => Self::new(Code::BadGateway),
            UpstreamFault::Client(_) => Self::new(Code::MalformedRequest).with_detail("the body broke off"),
            UpstreamFault::Principal { .. } => Self::new(Code::Internal),
        }
        .with_cause(fault)
    }
}

/// Whether the connection ended before a head came, unlike a head that is none.
pub(super) fn is_loss(error: &hyper::Error) -> bool {
    let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
    error.is_incomplete_message() || error.is_closed() || error.is_canceled() || is_io
}

/// Whether the fault is that a body could not be read from the client.
pub(super) fn is_of_client(error: &hyper::Error) -> bool {
    error.is_user() && error.source().is_some()
}
