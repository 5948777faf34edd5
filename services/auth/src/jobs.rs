//! Durable jobs: registrations.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use prosopa_jobs::{Handler, JobClass, JobContext, JobKind, Outcome, SetupError, Stop, Worker, WorkerConfig};
use prosopa_problem::{Code, Problem};

use crate::{
    error::Error,
    registrations::{self, REGISTER_USER},
    state::State,
};

/// Every kind of job. Somebody waits for a registration; what is known of it is forgotten after a day, which is no
/// shorter than its `Idempotency-Key` is known, and the password in it when it ends.
pub(crate) const KINDS: &[JobKind] = &[JobKind {
    class: JobClass::Interactive,
    keep: Duration::from_secs(24 * 60 * 60),
    forgets_input: true,
    ..JobKind::new(REGISTER_USER)
}];

/// Registrations in hand at the same time; hashing has a queue of its own.
const CONCURRENCY: usize = 8;

/// The worker of this service.
pub(crate) fn worker(state: &State) -> Result<Worker, SetupError> {
    let config =
        WorkerConfig { concurrency: CONCURRENCY, reserved_for_interactive: 0, ..WorkerConfig::default() };
    let handler: Arc<dyn Handler> = Arc::new(RegisterUser { state: state.clone() });
    Worker::new(state.jobs.clone(), config, [(REGISTER_USER, handler)])
}

struct RegisterUser {
    state: State,
}

#[async_trait]
impl Handler for RegisterUser {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        registrations::perform(&self.state, ctx).await.map_err(stop)
    }
}

/// A name that is taken stays so; a busy or lost part of the product does not.
fn stop(error: Error) -> Stop {
    let error = match error {
        Error::Job(stop) => return stop,
        other => other,
    };
    let problem = Problem::from(error);
    let code = problem.code();
    let remark = problem.detail().unwrap_or_else(|| code.title()).to_owned();
    Stop::With(if code.is_retryable() || code == Code::Internal {
        Outcome::Retry { code, remark, after: None }
    } else {
        Outcome::Failed { code, remark }
    })
}
