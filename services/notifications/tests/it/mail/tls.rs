use std::{fs, path::PathBuf, sync::Arc};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

use prosopa_notifications::{MailConfig, SmtpConfig, SmtpTls};

use super::{
    post_office::{ADDRESS, PAUSE_OVER, PostOffice, by_server},
    server::Server,
};

const CHANGED: &str = "password_changed";

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn acceptor(pair: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// By this server, which is called `localhost`, with STARTTLS, a login and this certificate trusted.
fn with_login(office: &PostOffice, server: &Server, trusted: &CertifiedKey<KeyPair>) -> MailConfig {
    let write = |name: &str, text: &str| -> PathBuf {
        let path = office.home.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let plain = by_server(server.address);
    let smtp = SmtpConfig {
        host: "localhost".into(),
        tls: SmtpTls::Starttls,
        ca_file: Some(write("ca.pem", &trusted.cert.pem())),
        user: "prosopa".into(),
        password_file: Some(write("mail-password", "s3cret\n")),
        ..plain.smtp
    };
    MailConfig { smtp, ..plain }
}

/// A1, K9: the login and the mail are said to the right server alone, and in secret.
#[tokio::test]
async fn a_mail_and_the_login_are_sent_through_tls() {
    let (office, pair) = (PostOffice::new(), certificate());
    let server = Server::start_with(Some(acceptor(&pair)), &["AUTH PLAIN"]).await;
    let process = office.process(with_login(&office, &server, &pair)).await;
    process.send(ADDRESS).await.unwrap();
    assert_eq!(process.work().await, 1);
    assert!(server.taken()[0].was_secret);
    assert_eq!(server.commands()[..5], ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"]);
}

/// A1, K9: a server without TLS, as it seems when somebody on the way takes the offer out, gets neither the login nor the
/// mail.
#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let (office, pair) = (PostOffice::new(), certificate());
    let server = Server::start_with(None, &["AUTH PLAIN"]).await;
    let process = office.process(with_login(&office, &server, &pair)).await;
    process.send(ADDRESS).await.unwrap();
    assert_eq!((process.work().await, process.count(CHANGED, "deferred")), (1, 1));
    assert!(server.commands().iter().all(|command| command == "EHLO"), "{:?}", server.commands());
}

/// A1, K9: whoever answers at the address with another's certificate gets neither the login nor the mail.
#[tokio::test]
async fn a_server_with_anothers_certificate_is_told_nothing() {
    let office = PostOffice::new();
    let server = Server::start_with(Some(acceptor(&certificate())), &["AUTH PLAIN"]).await;
    let process = office.process(with_login(&office, &server, &certificate())).await;
    process.send(ADDRESS).await.unwrap();
    assert_eq!((process.work().await, process.count(CHANGED, "deferred")), (1, 1));
    assert_eq!(server.commands(), ["EHLO", "STARTTLS"]);
}

/// A1: a login that is refused is the operator's to mend; no mail is lost by it.
#[tokio::test]
async fn a_refused_login_loses_no_mail() {
    let (office, pair) = (PostOffice::new(), certificate());
    let server = Server::start_with(Some(acceptor(&pair)), &["AUTH PLAIN"]).await;
    let process = office.process(with_login(&office, &server, &pair)).await;
    server.will_answer("AUTH", "535 wrong password");
    process.send(ADDRESS).await.unwrap();
    assert_eq!((process.work().await, server.taken().len()), (1, 0));
    office.clock.advance(PAUSE_OVER);
    assert_eq!((process.work().await, server.taken().len()), (1, 1));
}
