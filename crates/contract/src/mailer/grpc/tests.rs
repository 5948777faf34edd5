//! Over a real socket.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Mutex;

use tonic::transport::{Server, server::TcpIncoming};

use super::*;

/// Keeps what it was given, or says why not.
#[derive(Default)]
struct Scripted {
    taken: Mutex<Vec<SendMailRequest>>,
    refusal: Mutex<Option<MailError>>,
}

#[async_trait]
impl Mailer for Scripted {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        self.taken.lock().unwrap().push(write_mail(&mail));
        self.refusal.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

fn start() -> (Arc<Scripted>, MailerClient) {
    let mailer = Arc::new(Scripted::default());
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().add_service(serve_mailer(Arc::clone(&mailer) as Arc<dyn Mailer>));
    tokio::spawn(server.serve_with_incoming(incoming));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    (mailer, MailerClient::new(channel))
}

fn mails() -> Vec<Mail> {
    let expires_at = Timestamp::from_micros(7);
    let purposes = [
        MailPurpose::PasswordReset { token: "secret".into(), expires_at },
        MailPurpose::PasswordChanged,
        MailPurpose::SecretLeaked { id: "key_1".into(), name: "build".into() },
        MailPurpose::EmailVerification { token: "secret".into(), expires_at },
    ];
    let mail = |purpose| Mail { id: Uuid::now_v7(), to: "ada@example.org".into(), purpose };
    purposes.into_iter().map(mail).collect()
}

/// N10: a mail is the same behind the network.
#[tokio::test]
async fn every_mail_survives_the_wire() {
    let (mailer, client) = start();
    let mails = mails();
    for mail in &mails {
        client.send(mail.clone()).await.unwrap();
    }
    let sent: Vec<_> = mails.iter().map(write_mail).collect();
    assert_eq!(*mailer.taken.lock().unwrap(), sent);
}

/// N10: callers cannot tell a local mailer from a remote one, not even by its errors.
#[tokio::test]
async fn every_error_survives_the_wire() {
    let (mailer, client) = start();
    let unavailable = MailError::Unavailable { detail: "no disk".into() };
    for error in [MailError::Address, MailError::Token, MailError::Full, unavailable] {
        *mailer.refusal.lock().unwrap() = Some(error.clone());
        assert_eq!(client.send(mails().remove(1)).await, Err(error));
    }
}

#[test]
fn secrets_are_not_shown() {
    for mail in mails() {
        let request = write_mail(&mail);
        let shown = format!("{request:?} {:?}", request.purpose);
        assert!(!shown.contains("secret") && !shown.contains("ada"), "{shown}");
    }
}
