//! What can go wrong with jobs, and how callers see it.

use prosopa_problem::{Code, Problem};
use prosopa_telemetry::MetricsError;

/// A job cannot be enqueued, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its kind was not declared.
    #[error("no kind of job is called {0}")]
    UnknownKind(String),
    /// Its bytes are too many; large things belong into blobs.
    #[error("{what} of a job has more than {bytes_max} bytes")]
    TooLarge {
        /// Which of its parts.
        what: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// A job whose kind forgets its input has ended: there is nothing left to begin it with again.
    #[error("the job's input was forgotten when it ended")]
    InputForgotten,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::InputForgotten => Self::new(Code::ValidationFailed)
                .with_detail("this kind of job forgets its input at its end: send the request again"),
            Error::UnknownKind(_) | Error::TooLarge { .. } => Self::internal(error),
        }
    }
}

impl prosopa_store::Retryable for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// Jobs were declared wrongly.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A kind's name is not acceptable.
    #[error("{0} is no name of a kind of job")]
    Name(&'static str),
    /// Two kinds or two schedules have the same name.
    #[error("{0} is declared twice")]
    Twice(&'static str),
    /// A kind, schedule or handler refers to what was not declared, or has an impossible value.
    #[error("{0} is declared wrongly")]
    Wrong(&'static str),
    /// Metrics cannot be declared.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}
