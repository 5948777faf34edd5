//! A mailer that keeps what it is given, once for each id, as the contract has it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use secrecy::ExposeSecret;
use tokio::sync::watch;

use prosopa_contract::mailer::{Mail, MailError, MailPurpose, Mailer};

pub(crate) struct Mailbox {
    mails: watch::Sender<Vec<Mail>>,
    /// What the next mail meets with.
    fault: Mutex<Option<Fault>>,
}

/// What may happen to a mail.
pub(crate) enum Fault {
    /// It is not accepted.
    Refused(MailError),
    /// It is accepted, and nobody is told.
    AnswerLost,
}

impl Mailbox {
    pub(crate) fn new() -> Self {
        Self { mails: watch::Sender::new(Vec::new()), fault: Mutex::default() }
    }

    pub(crate) fn meet_with(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// The mails of this purpose to an address that have come so far.
    pub(crate) fn mails(&self, to: &str, purpose: &str) -> Vec<Mail> {
        select(&self.mails.borrow(), to, purpose)
    }

    /// Waits until so many mails of this purpose have come to an address; gives the last one.
    pub(crate) async fn wait_for(&self, to: &str, purpose: &str, count: usize) -> Mail {
        let mut mails = self.mails.subscribe();
        let come = mails.wait_for(|mails| select(mails, to, purpose).len() >= count);
        let in_time = tokio::time::timeout(Duration::from_secs(30), come).await;
        let mails = in_time.unwrap_or_else(|_| panic!("{count} mails never came to {to}")).unwrap();
        select(&mails, to, purpose).pop().unwrap()
    }

    /// Waits for so many tokens; gives the last one.
    pub(crate) async fn wait_for_token(&self, to: &str, count: usize) -> String {
        match self.wait_for(to, "password_reset", count).await.purpose {
            MailPurpose::PasswordReset { token, .. } => token.expose_secret().to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

fn select(mails: &[Mail], to: &str, purpose: &str) -> Vec<Mail> {
    mails.iter().filter(|mail| mail.to == to && mail.purpose.as_str() == purpose).cloned().collect()
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Fault::Refused(error)) = fault {
            return Err(error);
        }
        self.mails.send_modify(|mails| {
            if mails.iter().all(|known| known.id != mail.id) {
                mails.push(mail);
            }
        });
        match fault {
            Some(Fault::AnswerLost) => Err(MailError::Unavailable { detail: "the answer is lost".into() }),
            _ => Ok(()),
        }
    }
}
