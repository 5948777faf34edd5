//! What can go wrong between this machine and an answer, with what to do about it.

use prosopa_problem::Code;

use super::problem::Problem;
use crate::credentials;

/// Why an operation gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No connection.
    #[error("cannot reach {server}: {reason}")]
    Unreachable {
        /// The server.
        server: String,
        /// Why not.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// A connection that one of the two sides does not trust, or that is not TLS.
    #[error("no secure connection to {server}: {reason}")]
    Insecure {
        /// The server.
        server: String,
        /// Why not.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// No answer in time.
    #[error("{server} did not answer within {timeout_s} s")]
    TimedOut {
        /// The server.
        server: String,
        /// How long one request may take.
        timeout_s: u64,
    },
    /// The server refused.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// The server went on refusing for a while.
    #[error("{problem} (after {attempts} attempts)")]
    GaveUp {
        /// The last refusal.
        problem: Box<Problem>,
        /// How often it was tried.
        attempts: u32,
        /// How long the server wants us to wait, when that is longer than we do, in seconds.
        wait_s: Option<u64>,
    },
    /// An answer that this client does not understand.
    #[error("cannot understand the answer of {server}: {reason}")]
    Unintelligible {
        /// The server.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody is signed in and no token is given.
    #[error("not signed in to {server}")]
    NotSignedIn {
        /// The server.
        server: String,
    },
    /// The session can not be renewed.
    #[error("the session at {server} has ended")]
    SessionEnded {
        /// The server.
        server: String,
    },
    /// The options contradict each other, or one of them is not what it must be.
    #[error("{0}")]
    Options(String),
    /// A certificate or key file does not help.
    #[error("{option} {path}: {reason}")]
    BadPem {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("cannot prepare connections: {0}")]
    Setup(String),
    /// The file of logins failed.
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
}

/// What kind of failure it is, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Who asks is not known or may not.
    Credentials,
    /// What was sent is wrong.
    Input,
    /// The quota is used up.
    Quota,
    /// It may go better later.
    Unavailable,
    /// The command line is wrong.
    Usage,
    /// Anything else.
    Other,
}

impl Error {
    /// The kind of failure.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::NotSignedIn { .. } | Self::SessionEnded { .. } => Class::Credentials,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::GaveUp { .. } => Class::Unavailable,
            Self::Refused(problem) if problem.is_quota_exceeded() => Class::Quota,
            Self::Refused(problem) => match problem.status {
                401 | 403 => Class::Credentials,
                429 | 503 => Class::Unavailable,
                400..=499 => Class::Input,
                _ => Class::Other,
            },
            Self::Options(_) => Class::Usage,
            Self::Insecure { .. }
            | Self::Unintelligible { .. }
            | Self::BadPem { .. }
            | Self::Setup(_)
            | Self::Credentials(_) => Class::Other,
        }
    }

    /// Whether a fresh access token would help.
    pub(crate) fn is_token_expired(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.code == Code::TokenExpired.as_str())
    }

    /// Whether the server knows neither the token nor the session.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 401)
    }

    /// The request that was refused, for the server's log.
    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) | Self::GaveUp { problem, .. } => problem.request_id.as_deref(),
            _ => None,
        }
    }

    /// A short machine-readable name: the server's problem code where there is one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Refused(problem) | Self::GaveUp { problem, .. } => &problem.code,
            Self::Unreachable { .. } => "unreachable",
            Self::Insecure { .. } => "insecure-connection",
            Self::TimedOut { .. } => "timed-out",
            Self::NotSignedIn { .. } | Self::SessionEnded { .. } => "not-signed-in",
            Self::Unintelligible { .. } => "unintelligible-answer",
            Self::Options(_) | Self::BadPem { .. } | Self::Setup(_) | Self::Credentials(_) => "local-failure",
        }
    }

    /// Lines that belong under the message.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Unreachable { hint, .. } | Self::Insecure { hint, .. } => vec![hint.clone()],
            Self::TimedOut { .. } => vec!["--timeout-s gives it longer".to_owned()],
            Self::Refused(problem) => {
                let mut notes = problem.notes();
                notes.extend(remedy(&problem.code).map(str::to_owned));
                notes
            }
            Self::GaveUp { problem, wait_s, .. } => {
                let mut notes = problem.notes();
                notes.extend(wait_s.map(|seconds| format!("the server asks to try again in {seconds} s")));
                notes
            }
            Self::NotSignedIn { .. } => {
                vec!["run `prosopa login`, or set PROSOPA_TOKEN to an API key".to_owned()]
            }
            Self::SessionEnded { .. } => vec!["run `prosopa login` again".to_owned()],
            Self::Credentials(error) => error.hint().into_iter().collect(),
            Self::Unintelligible { .. } => vec!["is this the address of a Prosopa server?".to_owned()],
            Self::Options(_) => vec!["see `prosopa --help`".to_owned()],
            Self::BadPem { .. } | Self::Setup(_) => Vec::new(),
        }
    }
}

fn remedy(code: &str) -> Option<&'static str> {
    match Code::find(code)? {
        Code::Unauthenticated | Code::TokenExpired => Some(
            "run `prosopa login`, or check PROSOPA_TOKEN; with an access key, check both keys and this machine's clock",
        ),
        Code::InvalidCredentials => Some("check the name and the password, or run `prosopa register`"),
        Code::Forbidden => {
            Some("the key's scopes do not allow this: make another with `prosopa keys create --scope …`")
        }
        _ => None,
    }
}
