//! How a handler's run ends.

use std::{fmt, time::Duration};

use prosopa_problem::Code;

/// Largest output of a step, bytes.
pub const STEP_OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// How a run ended.
#[derive(Clone)]
pub enum Outcome {
    /// The work is done; the worker records it, several at once. For handlers without an effect of their own.
    Completed(Option<Vec<u8>>),
    /// The work is done and was recorded together with its effect by
    /// [`complete_in`](crate::JobContext::complete_in), whose transaction was committed.
    Recorded,
    /// It did not work this time. The job is begun again after a pause, or has failed if it was its last attempt.
    Retry {
        /// Why, should it have been the last attempt.
        code: Code,
        /// A sentence for the job's owner.
        remark: String,
        /// Shortest pause; bounded by the kind's longest.
        after: Option<Duration>,
    },
    /// It will never work.
    Failed {
        /// Why.
        code: Code,
        /// A sentence for the job's owner.
        remark: String,
    },
    /// It was called off.
    Cancelled,
}

/// Without output and remark, which may say something of a person.
impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed(_) => formatter.write_str("Completed"),
            Self::Recorded => formatter.write_str("Recorded"),
            Self::Retry { code, after, .. } => write!(formatter, "Retry({}, {after:?})", code.as_str()),
            Self::Failed { code, .. } => write!(formatter, "Failed({})", code.as_str()),
            Self::Cancelled => formatter.write_str("Cancelled"),
        }
    }
}

impl Outcome {
    /// Another attempt, for a reason that the job's owner may read.
    pub fn retry(remark: impl Into<String>) -> Self {
        Self::Retry { code: Code::Unavailable, remark: remark.into(), after: None }
    }

    /// No further attempt, for a reason that the job's owner may read.
    pub fn failed(code: Code, remark: impl Into<String>) -> Self {
        Self::Failed { code, remark: remark.into() }
    }
}

/// Why a handler stops before its end; made for `?`.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The run ends like this.
    #[error("the run ends early")]
    With(Outcome),
    /// The lease was lost: somebody else has the job, and nothing that is written now would count.
    #[error("the lease was lost")]
    LeaseLost,
    /// The output has too many bytes.
    #[error("an output has more than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The database failed; the job is begun again.
    #[error(transparent)]
    Store(#[from] prosopa_store::Error),
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::With(outcome)
    }
}

impl prosopa_store::Retryable for Stop {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// What a step gives back.
#[derive(Clone, Default)]
pub struct StepOutput {
    /// Kept, and given back where the step need not run again; opaque.
    pub bytes: Vec<u8>,
    /// What it cost, microseconds of the device that did it.
    pub cost_us: u64,
}

/// Without the bytes, which may hold something of a person.
impl fmt::Debug for StepOutput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StepOutput({} bytes, {} µs)", self.bytes.len(), self.cost_us)
    }
}

impl From<Vec<u8>> for StepOutput {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, cost_us: 0 }
    }
}
