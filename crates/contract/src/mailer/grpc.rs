//! gRPC adapters: [`MailerClient`] speaks to a mailer elsewhere, [`serve_mailer`] offers a local one.
//!
//! Every [`MailError`] crosses the wire whole. What a mail holds is in the message only, and in none of its debug forms.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tonic::{Code, Request, Response, Status, transport::Channel};
use uuid::Uuid;

use prosopa_model::Timestamp;

use self::messages::{
    PasswordChanged, SecretLeaked, SendMailRequest, SendMailResponse, Token, mailer_client, mailer_server,
    send_mail_request::Purpose,
};
use super::{Mail, MailError, MailPurpose, Mailer};
use crate::calls::{ask, describe, name_of, named};

#[expect(clippy::doc_markdown, unreachable_pub, reason = "generated; documented in the .proto file")]
mod messages {
    tonic::include_proto!("prosopa.notifications.v1");
}

/// Room for any mail.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// A mailer behind gRPC.
#[derive(Clone)]
pub struct MailerClient {
    inner: mailer_client::MailerClient<Channel>,
}

impl MailerClient {
    /// Wraps a channel; the channel decides about TLS and reconnecting. An answer is waited for two seconds.
    pub fn new(channel: Channel) -> Self {
        let inner = mailer_client::MailerClient::new(channel)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner }
    }
}

#[async_trait]
impl Mailer for MailerClient {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        // A mail that comes twice under one id is sent once.
        let asked = ask(write_mail(&mail), |request| {
            let mut inner = self.inner.clone();
            async move { inner.send_mail(request).await }
        });
        asked.await.map(|_| ()).map_err(|status| read_error(&status))
    }
}

/// Offers `mailer` as a gRPC service to mount behind the internal listener.
pub fn serve_mailer(mailer: Arc<dyn Mailer>) -> mailer_server::MailerServer<impl mailer_server::Mailer> {
    mailer_server::MailerServer::new(Adapter(mailer))
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
}

struct Adapter(Arc<dyn Mailer>);

#[async_trait]
impl mailer_server::Mailer for Adapter {
    async fn send_mail(
        &self,
        request: Request<SendMailRequest>,
    ) -> Result<Response<SendMailResponse>, Status> {
        let mail = read_mail(request.into_inner());
        let mail = mail.ok_or_else(|| Status::invalid_argument("the mail is not understood"))?;
        self.0.send(mail).await.map_err(|error| write_error(&error))?;
        Ok(Response::new(SendMailResponse {}))
    }
}

fn write_mail(mail: &Mail) -> SendMailRequest {
    let purpose = match &mail.purpose {
        MailPurpose::PasswordReset { token, expires_at } => {
            Purpose::PasswordReset(Token::new(token, *expires_at))
        }
        MailPurpose::PasswordChanged => Purpose::PasswordChanged(PasswordChanged {}),
        MailPurpose::SecretLeaked { id, name } => {
            Purpose::SecretLeaked(SecretLeaked { id: id.clone(), name: name.clone() })
        }
        MailPurpose::EmailVerification { token, expires_at } => {
            Purpose::EmailVerification(Token::new(token, *expires_at))
        }
    };
    SendMailRequest {
        id: Bytes::copy_from_slice(mail.id.as_bytes()),
        to: mail.to.clone(),
        purpose: Some(purpose),
    }
}

/// None if it is not understood, as one of a newer program may be.
fn read_mail(request: SendMailRequest) -> Option<Mail> {
    let purpose = match request.purpose? {
        Purpose::PasswordReset(token) => {
            let (token, expires_at) = token.read();
            MailPurpose::PasswordReset { token, expires_at }
        }
        Purpose::PasswordChanged(PasswordChanged {}) => MailPurpose::PasswordChanged,
        Purpose::SecretLeaked(SecretLeaked { id, name }) => MailPurpose::SecretLeaked { id, name },
        Purpose::EmailVerification(token) => {
            let (token, expires_at) = token.read();
            MailPurpose::EmailVerification { token, expires_at }
        }
    };
    Some(Mail { id: Uuid::from_slice(&request.id).ok()?, to: request.to, purpose })
}

impl Token {
    fn new(token: &SecretString, expires_at: Timestamp) -> Self {
        Self { token: token.expose_secret().to_owned(), expires_at_us: expires_at.micros() }
    }

    fn read(self) -> (SecretString, Timestamp) {
        (self.token.into(), Timestamp::from_micros(self.expires_at_us))
    }
}

fn write_error(error: &MailError) -> Status {
    match error {
        MailError::Address => named(Code::InvalidArgument, "address", String::new()),
        MailError::Token => named(Code::InvalidArgument, "token", String::new()),
        MailError::Full => named(Code::ResourceExhausted, "full", String::new()),
        MailError::Unavailable { detail } => named(Code::Unavailable, "unavailable", detail.clone()),
    }
}

fn read_error(status: &Status) -> MailError {
    match name_of(status) {
        Some(b"address") => MailError::Address,
        Some(b"token") => MailError::Token,
        Some(b"full") => MailError::Full,
        Some(b"unavailable") => MailError::Unavailable { detail: status.message().to_owned() },
        _ => MailError::Unavailable { detail: describe(status) },
    }
}

impl fmt::Debug for SendMailRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SendMailRequest").finish_non_exhaustive()
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Purpose")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
