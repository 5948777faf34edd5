//! The section `notifications.mail`: how mail leaves, whom it is from and where its links lead.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use http::Uri;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// Longest `from` and `public_url`, bytes.
const TEXT_LEN_MAX: usize = 254;

/// Where mail goes and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// How it leaves.
    pub transport: MailTransport,
    /// Whom it is from, such as `Prosopa <no-reply@example.org>`, at most 254 bytes.
    pub from: String,
    /// Where people reach the product: `https://…`, on this machine also `http://…`; at most 254 bytes. Links in mails
    /// begin with it.
    pub public_url: String,
    /// The mail server.
    pub smtp: SmtpConfig,
}

/// How mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Not at all: each mail becomes a file in the folder `outbox` of the data folder, for development.
    Outbox,
    /// By a mail server.
    Smtp,
}

/// A mail server that takes mail for others (RFC 6409).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpConfig {
    /// Its name, which its certificate must name too.
    pub host: String,
    /// Its port; if absent 587 for `starttls`, 465 for `tls`, 25 for `none`.
    pub port: Option<u16>,
    /// How the connection is kept secret.
    pub tls: SmtpTls,
    /// A file of certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The name to log in with; empty where the server asks for none.
    pub user: String,
    /// A file that holds the password alone.
    pub password_file: Option<PathBuf>,
    /// How long the server may take for one answer, 1 to 120 seconds.
    pub timeout_seconds: u64,
}

/// How the connection to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS once the connection stands (RFC 3207); nothing is sent to a server that does not do it.
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// Not; for servers on this machine only.
    None,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            transport: MailTransport::Outbox,
            from: "Prosopa <no-reply@localhost>".into(),
            public_url: "http://127.0.0.1:8080".into(),
            smtp: SmtpConfig::default(),
        }
    }
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            tls: SmtpTls::Starttls,
            ca_file: None,
            user: String::new(),
            password_file: None,
            timeout_seconds: 30,
        }
    }
}

/// A value of the section is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("notifications.mail.{key} must be {expected}")]
pub struct MailConfigError {
    key: &'static str,
    expected: &'static str,
}

impl MailConfig {
    /// Checks every value; of the mail server's only where there is one.
    pub(super) fn validate(&self) -> Result<(), MailConfigError> {
        self.sender()?;
        if !is_public_url(&self.public_url) {
            let expected = "like https://prosopa.example.org; http only for this machine";
            return Err(MailConfigError { key: "public_url", expected });
        }
        match self.transport {
            MailTransport::Outbox => Ok(()),
            MailTransport::Smtp => self.smtp.validate(),
        }
    }

    /// Whom mail is from.
    pub(crate) fn sender(&self) -> Result<Mailbox, MailConfigError> {
        let is_text = self.from.len() <= TEXT_LEN_MAX && !self.from.contains(char::is_control);
        let sender = self.from.parse().ok().filter(|_| is_text);
        let expected = "an e-mail address such as Prosopa <no-reply@example.org>";
        sender.ok_or(MailConfigError { key: "from", expected })
    }
}

impl SmtpConfig {
    fn validate(&self) -> Result<(), MailConfigError> {
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
        let checks = [
            (
                (1..=253).contains(&self.host.len()) && self.host.bytes().all(is_host),
                "smtp.host",
                "the mail server's name or address",
            ),
            (self.port != Some(0), "smtp.port", "1 to 65535"),
            (
                self.tls != SmtpTls::None || is_loopback(&self.host),
                "smtp.tls",
                "starttls or tls unless the mail server is on this machine",
            ),
            (
                self.user.is_empty() == self.password_file.is_none(),
                "smtp.password_file",
                "given together with smtp.user or not at all",
            ),
            ((1..=120).contains(&self.timeout_seconds), "smtp.timeout_seconds", "1 to 120"),
        ];
        let wrong = checks.into_iter().find(|(is_right, ..)| !is_right);
        wrong.map_or(Ok(()), |(_, key, expected)| Err(MailConfigError { key, expected }))
    }

    /// How long the server may take for one answer.
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

/// An address of the product that a link can begin with and a token may be sent to.
fn is_public_url(text: &str) -> bool {
    let Ok(url) = text.parse::<Uri>() else { return false };
    let Some(authority) = url.authority() else { return false };
    let is_secret = match url.scheme_str() {
        Some("https") => true,
        Some("http") => is_loopback(authority.host()),
        _ => false,
    };
    is_secret && text.len() <= TEXT_LEN_MAX && url.query().is_none() && !authority.as_str().contains('@')
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_secret_beyond_this_machine() {
        for url in ["https://prosopa.example.org", "https://example.org:8443/prosopa/", "http://[::1]:8080"] {
            assert!(is_public_url(url), "{url}");
        }
        let long = format!("https://{}.org", "a".repeat(250));
        for url in
            ["", "prosopa", "/", "http://example.org", "ftp://localhost", "https://a@example.org", &long]
        {
            assert!(!is_public_url(url), "{url}");
        }
        for url in ["https://example.org/?a=b", "https://example.org\r\nX: y", "https://a b.org"] {
            assert!(!is_public_url(url), "{url}");
        }
    }
}
