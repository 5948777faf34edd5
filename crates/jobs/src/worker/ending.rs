//! What is written for each way in which a run can end.

use std::sync::Arc;

use tokio::sync::Notify;
use uuid::Uuid;

use prosopa_model::{JobId, Timestamp};
use prosopa_problem::Code;

use crate::{
    job::{JobRow, JobStatus, OUTPUT_BYTES_MAX, REMARK_BYTES_MAX},
    kind::Backoff,
    outcome::{Outcome, Stop},
    running::Lease,
    store::queue::Ending,
};

/// A run that came to its end, which may have to be recorded still. The lease is kept until then.
pub(super) struct Ended {
    pub(super) job: JobRow,
    pub(super) lease: Lease,
    pub(super) bell: Arc<Notify>,
    pub(super) result: Result<Outcome, Stop>,
    /// How often recording it failed.
    pub(super) failures: u32,
}

/// What a run's end means.
pub(super) enum Meaning {
    /// It is to be recorded.
    Record(Ending),
    /// The handler recorded it.
    Recorded,
    /// Somebody else has the job.
    Lost,
}

impl Ended {
    /// What is to be written at `now`; `share` is drawn by chance.
    pub(super) fn meaning(&self, backoff: Backoff, now: Timestamp, share: f64) -> Meaning {
        let new = |status| Ending::new(self.lease.id, self.lease.token, status);
        let failed = |code: Code, remark: &str| Ending {
            remark: Some(shortened(remark)),
            problem_code: Some(code.as_str().to_owned()),
            ..new(JobStatus::Failed)
        };
        let retry = |code, remark: &str, after| {
            if self.job.attempts >= self.job.attempts_max {
                return failed(code, remark);
            }
            let run_at = now.after(backoff.pause(self.job.attempts, share, after));
            Ending {
                phase: "waiting_retry",
                remark: Some(shortened(remark)),
                run_at: Some(run_at),
                rank: Some(run_at.after(self.job.class.penalty())),
                ..new(JobStatus::Queued)
            }
        };
        Meaning::Record(match &self.result {
            Ok(outcome) | Err(Stop::With(outcome)) => match outcome {
                Outcome::Recorded => return Meaning::Recorded,
                Outcome::Completed(Some(output)) if output.len() > OUTPUT_BYTES_MAX => {
                    failed(Code::Internal, "the output is too large")
                }
                Outcome::Completed(output) => Ending { output: output.clone(), ..new(JobStatus::Completed) },
                Outcome::Retry { code, remark, after } => retry(*code, remark, *after),
                Outcome::Failed { code, remark } => failed(*code, remark),
                Outcome::Cancelled => new(JobStatus::Cancelled),
            },
            Err(Stop::LeaseLost) => return Meaning::Lost,
            Err(Stop::TooLarge { .. }) => failed(Code::Internal, "an output is too large"),
            Err(Stop::Store(_)) => retry(Code::Unavailable, "the database failed", None),
        })
    }
}

/// A run that is broken off; the job is queued again as if it had not been begun.
pub(super) fn given_back(id: JobId, token: Uuid) -> Ending {
    Ending { phase: "queued", attempts_back: 1, ..Ending::new(id, token, JobStatus::Queued) }
}

/// Bounded in bytes, at a character's end.
fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(REMARK_BYTES_MAX)].to_owned()
}
