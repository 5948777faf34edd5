//! The durable job that sends a mail: once, unless the process or the connection dies between the server's yes and the
//! note of it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::message::Mailbox;

use prosopa_contract::mailer::{Mail, MailPurpose};
use prosopa_jobs::{
    Backoff, Handler, JobClass, JobContext, JobKind, Jobs, Outcome, SetupError, Stop, Worker, WorkerConfig,
};
use prosopa_model::{Clock, Timestamp};
use prosopa_problem::Code;
use prosopa_store::Database;
use prosopa_vault::{Keyring, OpenError};

use super::{
    delivery::{DeliveryError, Parcel},
    letter::Letter,
    message::{self, Envelope},
    order::{self, OrderError},
    transport::Transport,
};
use crate::metrics::Metrics;

/// Name of the kind of job.
pub(crate) const SEND_MAIL: &str = "send-mail";

/// What is waited between two attempts: short while somebody looks into the mailbox, 21 hours in all.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
    Duration::from_hours(12),
];

/// The kind of job. Its input says who is written to and may hold a secret, and is gone with the job's end.
pub(crate) const KIND: JobKind = JobKind {
    class: JobClass::Interactive,
    attempts_max: PAUSES.len() as u32 + 1,
    backoff: Backoff { base: PAUSES[0], longest: PAUSES[PAUSES.len() - 1] },
    forgets_input: true,
    ..JobKind::new(SEND_MAIL)
};

/// Mails in hand at the same time; a mail server does not like many connections of one client.
const CONCURRENCY: usize = 4;

/// What a mail is sent with.
pub(crate) struct Sender {
    pub(crate) database: Database,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) transport: Transport,
    /// Whom mail is from.
    pub(crate) from: Mailbox,
    /// Where links lead.
    pub(crate) public_url: String,
}

impl Sender {
    /// Who sends the mails of these jobs.
    pub(crate) fn into_worker(self, jobs: Jobs) -> Result<Worker, SetupError> {
        let config =
            WorkerConfig { concurrency: CONCURRENCY, reserved_for_interactive: 0, ..WorkerConfig::default() };
        let handler: Arc<dyn Handler> = Arc::new(self);
        Worker::new(jobs, config, [(SEND_MAIL, handler)])
    }

    /// Sends a mail and notes it in the transaction that ends the job.
    async fn send(&self, ctx: &JobContext, mail: Mail) -> Result<Outcome, Stop> {
        let (id, purpose) = (mail.id, mail.purpose.as_str());
        if expiry(&mail.purpose).is_some_and(|time| time <= self.clock.now()) {
            self.metrics.count_mail(purpose, "expired");
            tracing::warn!(mail_id = %id, purpose, "a mail is not sent: what it offers is over");
            return Ok(Outcome::failed(Code::DeadlineExceeded, "what the mail offers is over"));
        }
        let accepted_at = ctx.job().created_at;
        let letter = Letter::new(&mail.purpose, &self.public_url);
        let message = message::read_address(&mail.to)
            .map(|to| message::build(Envelope { id, from: &self.from, to, date: accepted_at }, &letter));
        let Some(Ok(message)) = message else {
            return Ok(self.refuse(&mail, "the mail cannot be written"));
        };
        match self.transport.deliver(Parcel { id, purpose, accepted_at, message: &message }).await {
            Ok(()) => {}
            Err(DeliveryError::Refused(reason)) => return Ok(self.refuse(&mail, &reason)),
            Err(DeliveryError::Deferred(reason)) => return Ok(self.defer(ctx, &mail, reason)),
        }
        let mut tx = self.database.begin().await?;
        let outcome = ctx.complete_in(&mut tx, None).await?;
        tx.commit().await?;
        self.metrics.count_mail(purpose, "sent");
        tracing::info!(mail_id = %id, purpose, "a mail was sent");
        Ok(outcome)
    }

    fn refuse(&self, mail: &Mail, reason: &str) -> Outcome {
        let purpose = mail.purpose.as_str();
        self.metrics.count_mail(purpose, "refused");
        tracing::warn!(mail_id = %mail.id, purpose, reason, "a mail was refused and is not sent");
        Outcome::failed(Code::ValidationFailed, reason)
    }

    fn defer(&self, ctx: &JobContext, mail: &Mail, reason: String) -> Outcome {
        let (purpose, attempts) = (mail.purpose.as_str(), ctx.job().attempts);
        let failed_before = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let after = PAUSES.get(failed_before).copied();
        self.metrics.count_mail(purpose, if after.is_some() { "deferred" } else { "given_up" });
        tracing::warn!(mail_id = %mail.id, purpose, attempts, reason, "a mail could not be sent");
        Outcome::Retry { code: Code::Unavailable, remark: reason, after }
    }
}

#[async_trait]
impl Handler for Sender {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        match order::open(&self.keyring, ctx.input()) {
            Ok(mail) => self.send(ctx, mail).await,
            // Another process may have sealed it with a key that has not come here yet.
            Err(error @ OrderError::Open(OpenError::UnknownKey(_))) => Ok(Outcome::retry(error.to_string())),
            Err(error) => {
                tracing::error!(%error, job_id = %ctx.id(), "a mail's order cannot be read");
                Ok(Outcome::failed(Code::Internal, "the mail's order cannot be read"))
            }
        }
    }
}

/// When a mail of this purpose becomes useless.
const fn expiry(purpose: &MailPurpose) -> Option<Timestamp> {
    match purpose {
        MailPurpose::PasswordReset { expires_at, .. } | MailPurpose::EmailVerification { expires_at, .. } => {
            Some(*expires_at)
        }
        MailPurpose::PasswordChanged | MailPurpose::SecretLeaked { .. } => None,
    }
}
