//! Mail: what is accepted lies in the database, with a job that sends it.

mod delivery;
mod letter;
mod message;
mod order;
mod sending;
mod transport;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use prosopa_contract::mailer::{Mail, MailError, MailPurpose, Mailer};
use prosopa_jobs::{ChangeHook, JobRow, Jobs, NewJob};
use prosopa_model::Clock;
use prosopa_store::{Database, Error, Tx};
use prosopa_vault::Keyring;

use crate::{
    metrics::Metrics,
    store::mails::{self, NewMail},
};

pub(crate) use self::{
    sending::{KIND, Sender},
    transport::Transport,
};

/// Mails that may wait at the same time.
const WAITING_MAX: u32 = 10_000;

/// Longest token, characters.
const TOKEN_LEN_MAX: usize = 256;

/// Accepts mail.
pub(crate) struct Mails {
    pub(crate) database: Database,
    pub(crate) jobs: Jobs,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

#[async_trait]
impl Mailer for Mails {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        if message::read_address(&mail.to).is_none() {
            return Err(MailError::Address);
        }
        if !token_of(&mail.purpose).is_none_or(is_token) {
            return Err(MailError::Token);
        }
        let purpose = mail.purpose.as_str();
        let input = order::seal(&self.keyring, &mail)
            .map_err(|error| MailError::Unavailable { detail: error.to_string() })?;
        let job = NewJob::new(sending::SEND_MAIL, input);
        let new = NewMail { id: mail.id, job_id: job.id(), purpose, accepted_at: self.clock.now() };
        let accepted = self.accept(new, job).await.map_err(unavailable)?;
        self.metrics.count_mail(purpose, accepted.as_str());
        if matches!(accepted, Accepted::Full) { Err(MailError::Full) } else { Ok(()) }
    }
}

/// What became of a mail that somebody wants to be sent.
enum Accepted {
    New,
    Known,
    Full,
}

impl Accepted {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::New => "accepted",
            Self::Known => "repeated",
            Self::Full => "rejected",
        }
    }
}

impl Mails {
    async fn accept(&self, new: NewMail, job: NewJob) -> Result<Accepted, prosopa_jobs::Error> {
        let mut tx = self.database.begin().await?;
        if !mails::insert(&mut tx, &new).await? {
            return Ok(Accepted::Known);
        }
        if mails::count_waiting(&mut tx, WAITING_MAX + 1).await? > u64::from(WAITING_MAX) {
            return Ok(Accepted::Full);
        }
        self.jobs.enqueue(&mut tx, job).await?;
        tx.commit().await?;
        Ok(Accepted::New)
    }
}

/// Notes the end of a mail in the transaction that ends its job, however that ends.
pub(crate) struct NoteEnds;

#[async_trait]
impl ChangeHook for NoteEnds {
    async fn on_change(&self, tx: &mut Tx, job: &JobRow) -> Result<(), Error> {
        if job.status.is_finished() { mails::end(tx, job.id, job.changed_at).await } else { Ok(()) }
    }
}

const fn token_of(purpose: &MailPurpose) -> Option<&SecretString> {
    match purpose {
        MailPurpose::PasswordReset { token, .. } | MailPurpose::EmailVerification { token, .. } => {
            Some(token)
        }
        MailPurpose::PasswordChanged | MailPurpose::SecretLeaked { .. } => None,
    }
}

/// Whether a token means itself in an address (RFC 3986, section 2.3).
fn is_token(token: &SecretString) -> bool {
    let token = token.expose_secret();
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (1..=TOKEN_LEN_MAX).contains(&token.len()) && token.bytes().all(is_unreserved)
}

fn unavailable(error: prosopa_jobs::Error) -> MailError {
    MailError::Unavailable { detail: error.to_string() }
}
