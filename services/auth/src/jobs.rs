//! Durable jobs: registrations, and mail about passwords and secrets.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use prosopa_jobs::{
    Backoff, Handler, JobClass, JobContext, JobKind, Outcome, SetupError, Stop, Worker, WorkerConfig,
};
use prosopa_problem::{Code, Problem};

use crate::{
    api_keys::leaked::{self, TELL_SECRET_LEAKED},
    error::Error,
    password_changes::{self, TELL_PASSWORD_CHANGED},
    password_resets::{self, SEND_PASSWORD_RESET},
    registrations::{self, REGISTER_USER},
    state::State,
};

/// Every kind of job.
pub(crate) const KINDS: &[JobKind] = &[
    // Somebody waits for a registration; what is known of it is forgotten after a day, which is no shorter than its
    // `Idempotency-Key` is known, and the password in it when it ends.
    JobKind {
        class: JobClass::Interactive,
        keep: Duration::from_secs(24 * 60 * 60),
        forgets_input: true,
        ..JobKind::new(REGISTER_USER)
    },
    mail(SEND_PASSWORD_RESET),
    mail(TELL_PASSWORD_CHANGED),
    mail(TELL_SECRET_LEAKED),
];

/// Mail waits until it can be handed over: a quarter of an hour on average, which is as long as a token lives.
const fn mail(name: &'static str) -> JobKind {
    JobKind {
        class: JobClass::Interactive,
        attempts_max: 12,
        backoff: Backoff { base: Duration::from_secs(5), longest: Duration::from_secs(300) },
        keep: Duration::from_secs(60 * 60),
        forgets_input: true,
        ..JobKind::new(name)
    }
}

/// Registrations in hand at the same time; hashing has a queue of its own.
const CONCURRENCY: usize = 8;

/// The worker of this service.
pub(crate) fn worker(state: &State) -> Result<Worker, SetupError> {
    let config =
        WorkerConfig { concurrency: CONCURRENCY, reserved_for_interactive: 0, ..WorkerConfig::default() };
    let handler = |work: Work| {
        let handler: Arc<dyn Handler> = Arc::new(Performer { state: state.clone(), work });
        handler
    };
    let handlers = [
        (REGISTER_USER, handler(Work::RegisterUser)),
        (SEND_PASSWORD_RESET, handler(Work::SendPasswordReset)),
        (TELL_PASSWORD_CHANGED, handler(Work::TellPasswordChanged)),
        (TELL_SECRET_LEAKED, handler(Work::TellSecretLeaked)),
    ];
    Worker::new(state.jobs.clone(), config, handlers)
}

struct Performer {
    state: State,
    work: Work,
}

enum Work {
    RegisterUser,
    SendPasswordReset,
    TellPasswordChanged,
    TellSecretLeaked,
}

#[async_trait]
impl Handler for Performer {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        let performed = match self.work {
            Work::RegisterUser => registrations::perform(&self.state, ctx).await,
            Work::SendPasswordReset => password_resets::send(&self.state, ctx).await,
            Work::TellPasswordChanged => password_changes::tell(&self.state, ctx).await,
            Work::TellSecretLeaked => leaked::tell(&self.state, ctx).await,
        };
        performed.map_err(stop)
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
