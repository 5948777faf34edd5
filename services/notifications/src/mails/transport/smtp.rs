//! Mail by a mail server: one connection for each, and what its answers mean.

use std::{fs, io, path::Path, time::Duration};

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        extension::ClientId,
    },
};

use crate::{
    config::{SmtpConfig, SmtpTls},
    mails::delivery::DeliveryError,
};

/// A delivery takes at most as long as so many answers.
const ANSWERS_MAX: u32 = 10;

/// How long the server may take to say farewell, to a mail that it has.
const FAREWELL: Duration = Duration::from_secs(1);

/// A mail server.
pub(crate) struct Smtp {
    host: String,
    port: u16,
    secrecy: Secrecy,
    credentials: Option<Credentials>,
    /// How long the server may take for one answer.
    timeout: Duration,
    hello_name: ClientId,
}

/// How the connection is kept secret.
enum Secrecy {
    None,
    AfterHello(TlsParameters),
    FromTheStart(TlsParameters),
}

/// The mail server's section of the configuration names something that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SmtpError {
    /// A file cannot be read.
    #[error("notifications.mail.smtp.{key}: cannot read {path}")]
    File {
        /// Which value names it.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificates or the server's name are not such.
    #[error("notifications.mail.smtp: TLS cannot be set up")]
    Tls(#[source] Error),
}

impl Smtp {
    /// A server of a valid configuration. Reads its files; connects to nobody.
    pub(crate) fn new(config: &SmtpConfig) -> Result<Self, SmtpError> {
        let (secrecy, port) = match config.tls {
            SmtpTls::Starttls => (Secrecy::AfterHello(tls_parameters(config)?), 587),
            SmtpTls::Tls => (Secrecy::FromTheStart(tls_parameters(config)?), 465),
            SmtpTls::None => (Secrecy::None, 25),
        };
        let credentials = match &config.password_file {
            Some(path) => {
                let password = String::from_utf8_lossy(&read("password_file", path)?).trim_end().to_owned();
                Some(Credentials::new(config.user.clone(), password))
            }
            None => None,
        };
        Ok(Self {
            host: config.host.clone(),
            port: config.port.unwrap_or(port),
            secrecy,
            credentials,
            timeout: config.timeout(),
            hello_name: ClientId::default(),
        })
    }

    /// Hands a message to the server. [`DeliveryError::Deferred`] may also mean that the server has it and its answer was
    /// lost.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let sent = async {
            // Whatever goes wrong before the mail is named is no fault of the mail: a wrong password, an expired
            // certificate, a server that is closed. The operator can mend it.
            let mut connection = self.connect().await.map_err(|error| deferred(&error))?;
            let answer = connection.send(message.envelope(), &message.formatted()).await;
            // What the server says now changes nothing.
            let _ = tokio::time::timeout(FAREWELL, connection.abort()).await;
            answer.map(drop).map_err(|error| meaning(&error, message))
        };
        let late = |_| DeliveryError::Deferred("the mail server is too slow".into());
        tokio::time::timeout(self.timeout * ANSWERS_MAX, sent).await.map_err(late)?
    }

    /// A connection as secret as it is to be, logged in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let (address, timeout) = ((self.host.as_str(), self.port), Some(self.timeout));
        let from_the_start = match &self.secrecy {
            Secrecy::FromTheStart(tls) => Some(tls.clone()),
            Secrecy::None | Secrecy::AfterHello(_) => None,
        };
        let hello_name = &self.hello_name;
        let connected =
            AsyncSmtpConnection::connect_tokio1(address, timeout, hello_name, from_the_start, None);
        let mut connection = connected.await?;
        if let Secrecy::AfterHello(tls) = &self.secrecy {
            connection.starttls(tls.clone(), hello_name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

fn tls_parameters(config: &SmtpConfig) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let certificate = Certificate::from_pem(&read("ca_file", path)?).map_err(SmtpError::Tls)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(SmtpError::Tls)
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, SmtpError> {
    fs::read(path).map_err(|source| SmtpError::File { key, path: path.display().to_string(), source })
}

/// What a failure means that came after the mail was named.
fn meaning(error: &Error, message: &Message) -> DeliveryError {
    // Nothing that is not ASCII is in a message but addresses, which not every server takes (RFC 6531).
    let is_ascii = message.envelope().to().iter().all(|address| AsRef::<str>::as_ref(address).is_ascii());
    match error.status() {
        Some(code) if error.is_permanent() => {
            DeliveryError::Refused(format!("the mail server answered {code}"))
        }
        None if error.is_client() && !is_ascii => {
            DeliveryError::Refused("the mail server takes no address beyond ASCII".into())
        }
        _ => deferred(error),
    }
}

/// Another attempt may succeed. What the server said in words is left out: it repeats addresses.
fn deferred(error: &Error) -> DeliveryError {
    DeliveryError::Deferred(match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_response() => "the mail server's answer is not understood".into(),
        // Of the connection, its secrecy and what the server offers; worded on this side.
        None => error.to_string(),
    })
}
