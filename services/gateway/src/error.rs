//! What can go wrong: while the gateway is built, and with a request.

use std::time::Duration;

use http::{HeaderValue, header};

use prosopa_model::{Scope, Timestamp, WindowUse};
use prosopa_problem::{Code, Problem};

use crate::{
    config::ConfigError,
    ledger::LedgerError,
    signatures::SignatureRefusal,
    upstream::{UpstreamError, UpstreamFault},
};

/// When to come back after a part of the product failed.
const RETRY_AFTER_LOSS: Duration = Duration::from_secs(1);

/// The gateway cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A value of the configuration makes no sense.
    #[error("gateway: {0}")]
    Config(#[from] ConfigError),
    /// Two operations claim one place.
    #[error("{method} {path} is declared twice")]
    DeclaredTwice {
        /// The method of both.
        method: http::Method,
        /// The template of both.
        path: &'static str,
    },
    /// The plans cannot be read.
    #[error("the plans cannot be read")]
    Plans(#[source] prosopa_store::Error),
    /// The folder of the web application is none.
    #[error("gateway: static_dir {} is no folder", .0.display())]
    StaticFolder(std::path::PathBuf),
    /// There is no place to note usage in.
    #[error("usage cannot be noted")]
    Usage(#[source] std::io::Error),
    /// A metered operation that anybody may call: there is no account to charge.
    #[error("{path} is metered and public")]
    MeteredPublic {
        /// Its template.
        path: &'static str,
    },
    /// A service in another process cannot be called.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A template cannot be routed beside the others.
    #[error("{path} cannot be routed")]
    Path {
        /// The template.
        path: &'static str,
        /// Why.
        #[source]
        source: matchit::InsertError,
    },
}

/// Why a request is not answered by a service.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No operation has this path.
    NotFound,
    /// Operations have this path, none has this method.
    MethodNotAllowed {
        /// The methods there are.
        allow: HeaderValue,
    },
    /// What is wrong with the request's form.
    Malformed(&'static str),
    /// The body is packed.
    Packed,
    /// The body is larger than the operation takes.
    BodyTooLarge {
        /// What it takes, bytes.
        bytes_max: usize,
    },
    /// No credential, or not a genuine one.
    Unauthenticated,
    /// A signature that is not right; why is for the log.
    SignatureRefused(SignatureRefusal),
    /// The access token is too old.
    TokenExpired,
    /// Credentials cannot be checked now; the cause is for the log.
    VerifierLost(String),
    /// The credential does not have this scope.
    Forbidden(Scope),
    /// Another site may have made a browser send it: what is missing.
    Forged(&'static str),
    /// The caller is no administrator.
    NoAdministrator,
    /// Too many requests at once.
    RateLimited {
        /// When the next is welcome.
        retry_after: Duration,
    },
    /// A window is used up.
    QuotaExceeded {
        /// The window.
        window: WindowUse,
        /// The time of the refusal.
        now: Timestamp,
    },
    /// The quota cannot be checked now.
    LedgerLost(LedgerError),
    /// The answer did not come in time.
    DeadlineExceeded,
    /// The service gave no answer.
    Upstream(UpstreamFault),
    /// A fault of the program; the cause is for the log.
    Panicked(String),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::new(Code::NotFound),
            Refusal::MethodNotAllowed { allow } => {
                Self::new(Code::MethodNotAllowed).with_header(header::ALLOW, allow)
            }
            Refusal::Malformed(detail) => Self::new(Code::MalformedRequest).with_detail(detail),
            Refusal::Packed => Self::new(Code::UnsupportedMediaType)
                .with_detail("bodies are taken as they are, without a Content-Encoding")
                .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")),
            Refusal::BodyTooLarge { bytes_max } => Self::new(Code::BodyTooLarge)
                .with_detail(format!("at most {bytes_max} bytes are taken here"))
                .with_member("bytes_max", bytes_max),
            Refusal::Unauthenticated => Self::new(Code::Unauthenticated),
            Refusal::SignatureRefused(cause) => Self::new(Code::Unauthenticated).with_cause(cause),
            Refusal::TokenExpired => Self::new(Code::TokenExpired),
            Refusal::VerifierLost(cause) => {
                Self::new(Code::Unavailable).with_retry_after(RETRY_AFTER_LOSS).with_cause(cause)
            }
            Refusal::Forbidden(scope) => Self::new(Code::Forbidden)
                .with_detail(format!("the credential lacks the scope {}", scope.as_str())),
            Refusal::Forged(detail) => Self::new(Code::CsrfRefused).with_detail(detail),
            Refusal::NoAdministrator => {
                Self::new(Code::Forbidden).with_detail("only administrators may do this")
            }
            Refusal::RateLimited { retry_after } => {
                Self::new(Code::RateLimited).with_retry_after(whole_millis(retry_after))
            }
            Refusal::QuotaExceeded { window, now } => Self::new(Code::QuotaExceeded)
                .with_detail(format!("{} of {} {} are used", window.used, window.limit, window.meter))
                .with_member("window", window.name.as_str())
                .with_member("meter", window.meter.as_str())
                .with_member("limit", window.limit)
                .with_time("resets_at", window.resets_at)
                .with_retry_after(whole_millis(window.until_reset(now))),
            Refusal::LedgerLost(error) => ledger_lost(error),
            Refusal::DeadlineExceeded => Self::new(Code::DeadlineExceeded),
            Refusal::Upstream(fault) => fault.into(),
            Refusal::Panicked(message) => Self::internal(format!("panicked: {message}")),
        }
    }
}

fn ledger_lost(error: LedgerError) -> Problem {
    let is_full =
        matches!(&error, LedgerError::Store(error) if matches!(**error, prosopa_store::Error::Full(_)));
    let problem = if is_full {
        Problem::new(Code::StorageFull)
    } else {
        Problem::new(Code::Unavailable).with_retry_after(RETRY_AFTER_LOSS)
    };
    problem.with_detail("the quota cannot be checked at the moment").with_cause(error)
}

/// Rounded up, so that who waits as long as it was told is not refused again.
fn whole_millis(time: Duration) -> Duration {
    let millis = time.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
